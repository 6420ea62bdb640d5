"""How often answering from the cache takes memory from the allocator: steadier than any time, and most of what it costs."""

import socket
import tempfile
import unittest

from allocations import Allocations
from harness import BINARY, Host, eventually, position

# Allocations that one hit may take in a release build.
HIT_MAX = 6
# The same in a debug build, whose compiler leaves in what a release does without.
HIT_MAX_DEBUG = 800


class HitAllocations(unittest.TestCase):
    REQUESTS = 1000

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="concord-e2e-")
        cls.addClassCleanup(directory.cleanup)
        cls.allocations = Allocations(directory.name)
        cls.addClassCleanup(cls.allocations.close)
        cls.host = Host(environment=cls.allocations.environment)
        cls.addClassCleanup(cls.host.close)
        cls.host.serve()
        cls.host.put_account("acc", "ann")
        cls.host.snapshot("acc", "2026-01-05T10:00:00Z", [position(n) for n in range(1, 6)])

    def test_a_hit_allocates_no_more_than_its_share(self):
        token = self.host.token("ann")
        request = f"GET /api/v1/positions/open HTTP/1.1\r\nHost: concord\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", self.host.port), timeout=30) as client:
            size = len(self.answer(client, request))
            self.assertGreater(size, 2000)

            def counted():
                """Allocations a request, while all were hits."""
                hits, before = self.hits(), self.allocations.count
                for _ in range(self.REQUESTS):
                    self.answer(client, request)
                taken = self.allocations.count - before
                return taken / self.REQUESTS if self.hits() - hits == self.REQUESTS else None

            # The least of a few: what the host does on its own clock is nobody's hit.
            least = min(eventually(counted) for _ in range(5))

        self.assertGreaterEqual(least, 1, "nothing was counted")
        self.assertLessEqual(least, HIT_MAX_DEBUG if "/debug/" in BINARY else HIT_MAX)

    def hits(self):
        return self.host.metric('cache_requests_total{layer="memory",operation="positions.open",result="hit"}')

    def answer(self, client, request):
        """A whole answer; the next request is not sent before it is there."""
        client.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.received(client)
        head, _, body = data.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self.received(client)
        self.assertEqual(len(body), length)
        return data

    def received(self, client):
        data = client.recv(65_536)
        self.assertTrue(data, "the connection has ended")
        return data
