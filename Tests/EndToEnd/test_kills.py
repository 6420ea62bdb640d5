"""A host killed -9 at every step of an ingest stores it whole or not at all, and the same call again ends it, once."""

import unittest

from harness import Host
from kills import kill_at_every_step
from servers import variable

KILLS = 20


class Kills(unittest.TestCase):
    def test_on_sqlite(self):
        self.check(Host(postgres=None))

    def test_on_postgres(self):
        self.check(Host(postgres=variable("CONCORD_TEST_POSTGRES_URL")))

    def check(self, host):
        self.addCleanup(host.close)
        counts = kill_at_every_step(host, host.path, KILLS)
        # Kills on both sides of the commit, or the test has not tested what it says.
        self.assertGreater(counts["before"], 0, counts)
        self.assertGreater(counts["unheard"], 0, counts)
        self.assertGreater(counts["acknowledged"], 0, counts)
        self.assertGreaterEqual(sum(counts[side] for side in ("before", "unheard", "acknowledged")), KILLS)


if __name__ == "__main__":
    unittest.main()
