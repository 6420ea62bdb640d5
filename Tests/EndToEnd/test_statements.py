"""Real broker statements, imported by the command a newcomer would use."""

import re
import unittest

from harness import CLOSED_STATEMENT, OPEN_STATEMENT, SERVER_TIME_ZONE, Host


class RealStatements(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)

    def load(self, file, account, currency):
        return self.host.run(
            "import", "statement", str(file), "--account", account, "--user", "U", "--currency", currency,
            "--time-zone", SERVER_TIME_ZONE)

    def test_the_statement_with_open_positions_keeps_its_own_figures(self):
        result = self.load(OPEN_STATEMENT, "A", "EUR")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.host.serve()

        positions = self.host.ok("GET", "/api/v1/positions/open?account_id=A", self.host.operator)
        account = self.host.ok("GET", "/api/v1/accounts/A", self.host.operator)

        self.assertEqual(positions["total_positions"], "169")
        self.assertEqual(positions["total_unrealized_pnl"], "-93984.96")
        self.assertEqual(account["balance"], "420995.72")
        self.assertEqual(account["equity"], "327010.76")
        self.assertEqual(account["mode"], "hedging")
        self.assertEqual(account["snapshot_interval"], "manual")

    def test_the_closed_history_has_35_trades_7_balance_movements_and_no_position(self):
        result = self.load(CLOSED_STATEMENT, "B", "USD")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("35 closed", result.stdout)
        self.assertIn("7 balance movements", result.stdout)
        self.host.serve()

        closed = self.host.ok("GET", "/api/v1/positions/closed?account_id=B&limit=500", self.host.operator)
        opened = self.host.ok("GET", "/api/v1/positions/open?account_id=B", self.host.operator)

        self.assertEqual(len(closed["positions"]), 35)
        self.assertEqual(opened["positions"], [])

    def test_importing_twice_changes_nothing(self):
        self.load(OPEN_STATEMENT, "A", "EUR")
        again = self.load(OPEN_STATEMENT, "A", "EUR")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.host.serve()

        status = self.host.ok("GET", "/api/v1/reconciliation/status?account_id=A", self.host.operator)

        self.assertEqual(status["total_syncs"], "1")
        self.assertEqual(status["open_positions_count"], "169")

    def test_an_altered_cut_or_foreign_statement_is_refused_and_nothing_is_stored(self):
        text = OPEN_STATEMENT.read_text(encoding="latin-1")
        rows = [match.span() for match in re.finditer(r"<tr[^>]*><td title=.*?</tr>\s*", text)]
        altered = {
            "a digit of a total": text.replace("-93 984.96", "-93 984.97", 1),
            "a digit of a profit": text.replace(">644.25<", ">644.26<", 1),
            "a digit of a swap": text.replace(">50.39<", ">51.39<", 1),
            "a dropped trade": text[: rows[5][0]] + text[rows[5][1]:],
            "a cut in the middle": text[: len(text) // 2],
            "a cut in the summary": text[: text.index("264 495.09")],
            "a balance row changed": text.replace(">15 000.00<", ">15 001.00<", 1),
            "not a statement": "<html><body>hello</body></html>",
            "nothing": "",
        }
        for name, content in altered.items():
            with self.subTest(name):
                self.assertNotEqual(content, text)
                file = self.host.path / "altered.htm"
                file.write_text(content, encoding="latin-1")
                result = self.load(file, "A", "EUR")
                self.assertEqual(result.returncode, 2, result.stdout + result.stderr)
                self.assertTrue(result.stderr.strip(), "a refusal says why")
        wrong_currency = self.load(OPEN_STATEMENT, "A", "USD")
        self.assertEqual(wrong_currency.returncode, 2, wrong_currency.stderr)

        self.assertNotIn("A", [line.split()[0] for line in self.host.run("account", "list").stdout.splitlines() if line])

    def test_a_metatrader_5_report_is_refused_by_its_name(self):
        text = "<html><head><title>Trade History Report</title></head><body><table></table></body></html>"
        file = self.host.path / "ReportHistory-1.html"
        for encoding in ("utf-16", "utf-8"):
            file.write_bytes(text.encode(encoding))
            result = self.load(file, "A", "EUR")
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn("is a MetaTrader 5 report", result.stderr)
        self.assertNotIn("A ", self.host.run("account", "list").stdout)


if __name__ == "__main__":
    unittest.main()
