"""`scripts/run`, as a newcomer runs it: from a clone of its own, twice."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

from harness import ROOT, free_port


class Newcomer(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="concord-clone-")
        self.addCleanup(self.directory.cleanup)
        self.clone = pathlib.Path(self.directory.name) / "concord"
        files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                               capture_output=True, text=True, check=True).stdout.split("\n")
        for name in filter(None, files):
            target = self.clone / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy2(ROOT / name, target)
        # The build of the tree under test stands in for the newcomer's first build, which takes minutes.
        scratch = os.environ.get("CONCORD_RELEASE_SCRATCH", ".build-release")
        self.environment = {**os.environ, "CONCORD_BINARY": str((ROOT / scratch / "release" / "concord").resolve()),
                            "CONCORD__SERVER__PORT": str(free_port()), "CONCORD__ADMIN__PORT": str(free_port())}

    def run_until_served(self):
        process = subprocess.Popen(["scripts/run"], cwd=self.clone, env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("curl "):
                break
        else:
            raise AssertionError("".join(lines) + process.stderr.read())
        return process, "".join(lines)

    def test_it_shows_the_reconciliation_and_serves_and_a_second_run_keeps_the_data(self):
        process, first = self.run_until_served()
        # Both listeners are up before anything is promised, and they are named in this order.
        addresses = re.findall(r"(?m)^(Serving|Admin): +(http://127\.0\.0\.1:\d+)", first)
        self.assertEqual([name for name, _ in addresses], ["Serving", "Admin"])
        (_, base), (_, admin) = addresses
        with urllib.request.urlopen(f"{base}/api/v1/ready") as answer:
            self.assertEqual(answer.status, 200)
        operator = re.search(r"(?m)^Token of an operator:\n(\S+)$", first).group(1)
        asked = urllib.request.Request(f"{admin}/admin/modules", headers={"Authorization": f"Bearer {operator}"})
        with urllib.request.urlopen(asked) as answer:
            self.assertEqual(answer.status, 200)
        shown = subprocess.run(["bash", "-c", re.search(r"(?m)^curl .*$", first).group()], capture_output=True, text=True)
        self.assertIn('"divergences_detected"', shown.stdout)
        for kind in ("entry_slippage", "volume_mismatch", "partial_fill", "side_flip", "broker_closed", "unknown_to_us",
                     "sl_mismatch", "tp_mismatch"):
            self.assertIn(kind, first)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(15), 0)

        process, second = self.run_until_served()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(15), 0)
        table = lambda text: re.findall(r"(?m)^ *(?:critical|major|minor) .*$", text)
        self.assertTrue(table(first))
        self.assertEqual(table(first), table(second))

    def test_without_root_a_missing_library_is_one_line_and_exit_3(self):
        fake = pathlib.Path(self.directory.name) / "bin"
        fake.mkdir()
        (fake / "pkg-config").write_text("#!/bin/sh\nexit 1\n")
        (fake / "id").write_text("#!/bin/sh\necho 1000\n")
        for program in fake.iterdir():
            program.chmod(0o755)
        result = subprocess.run(["scripts/run"], cwd=self.clone, capture_output=True, text=True,
                                env={**self.environment, "PATH": f"{fake}:{os.environ['PATH']}"})
        self.assertEqual(result.returncode, 3)
        self.assertRegex(result.stdout, r"\Asudo apt-get install -y libsqlite3-dev libxml2-dev libpq-dev libhiredis-dev zlib1g-dev libjemalloc-dev\n\Z")
