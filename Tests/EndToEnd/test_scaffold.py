"""A query service is begun, built, tested and called in a copy of the tree, and no file of the core is another."""

import os
import re
import time
import unittest

import harness
from harness import ROOT, Host, trade
from sourcetree import SourceTree

GUIDE = ROOT / "Sources/PluginAPI/Sources/PluginAPI/PluginAPI.docc/WritingAQueryService.md"


def steps():
    """The guide's own commands."""
    return next(block for block in re.findall(r"(?ms)^```sh\n(.*?)^```", GUIDE.read_text())
                if "modules new query Turnover" in block)


class CompiledIn(unittest.TestCase):
    def test_the_guides_commands_give_a_service_that_answers_and_touch_nothing_of_the_core(self):
        tree = SourceTree()
        self.addCleanup(tree.close)
        before = tree.files()

        begin = time.monotonic()
        output = tree.run("bash", "-euo", "pipefail", "-c", steps())
        print(f"the guide's commands took {time.monotonic() - begin:.0f} s")

        after = tree.files()
        self.assertEqual(sorted(set(after) - set(before)), [
            "Sources/Plugins/Turnover/README.md", "Sources/Plugins/Turnover/TurnoverModule.swift",
            "Tests/TurnoverTests/Golden/by-symbol.json", "Tests/TurnoverTests/TurnoverTests.swift"])
        self.assertEqual(sorted(name for name in before if after.get(name) != before[name]),
                         ["Package.swift", "Sources/Plugins/BuiltIn/BuiltInModules.swift"])
        core = [{name: text for name, text in files.items() if name.startswith(("Sources/Host/", "Sources/PluginAPI/"))}
                for files in (before, after)]
        self.assertGreater(len(core[0]), 100)
        self.assertTrue(core[0] == core[1], "a file of the core is another")
        self.assertRegex(output.stdout, r"Test run with 3 tests in 1 suite passed")
        self.assertIn("check: all good", output.stdout)
        module = after["Sources/Plugins/Turnover/TurnoverModule.swift"].decode()
        self.assertIn(f"```swift\n{module}```", GUIDE.read_text(), "the guide shows another module")
        lines = module.splitlines()
        self.assertLessEqual(len(lines), 35)
        self.assertLessEqual(max(map(len, lines)), 120)

        self.call(tree)
        self.refuse(tree)

    def call(self, tree):
        """The host that was built, with the service in `queries`, on each storage there is a server for."""
        binary, harness.BINARY = harness.BINARY, str(tree.path / ".build/debug/concord")
        self.addCleanup(setattr, harness, "BINARY", binary)
        for server in (None, os.environ.get("CONCORD_TEST_POSTGRES_URL")):
            host = Host("queries: [ turnover ]\n", postgres=server)
            self.addCleanup(host.close)
            host.serve()
            host.put_account("acc", "ann")
            host.put_account("other", "bob")
            rows = [trade("t-1"), trade("t-2", volume=0.25), trade("t-3", "other", symbol="GBPUSD")]
            for row in rows:
                row["entry_time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
            host.ok("POST", "/api/v1/trades", host.agent, rows)
            answer = host.get("/api/v1/turnover/by_symbol", host.token("ann"))
            self.assertEqual(answer.json, {"rows": [{"symbol": "EURUSD", "trades": "2", "lots": "0.35"}]}, answer)
            self.assertIn("concord; fwd=uri-miss", answer.headers["cache-status"])
            again = host.get("/api/v1/turnover/by_symbol", host.token("ann"))
            self.assertIn("concord; hit", again.headers["cache-status"])
            self.assertEqual(host.get("/api/v1/turnover/by_symbol", host.token("carl")).json, {"rows": []})
            self.assertEqual(host.request("GET", "/api/v1/turnover/by_symbol").status, 401)
            self.assertIn("/turnover/by_symbol", host.request("GET", "/api/v1/openapi.json").body)
        listed = host.run("modules", "info", "turnover", check=True).stdout
        self.assertIn("It has no settings.", listed)

    def refuse(self, tree):
        """What is there is not begun again, and nothing is written."""
        before = tree.files()
        for name, words in (("Turnover", "a target or a product `Turnover`"), ("TURNOVER", "the ID `turnover`"),
                            ("turnover", "no name of a module")):
            result = tree.run("concord", "modules", "new", "query", name, check=False)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(words, result.stderr)
        self.assertEqual(tree.files(), before)
