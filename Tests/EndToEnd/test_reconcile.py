"""`concord reconcile`: two files, no server, exit codes that scripts can rely on."""

import json
import os
import subprocess
import tempfile
import pathlib
import unittest

from harness import BINARY, CLOSED_STATEMENT, OPEN_STATEMENT, ROOT, SERVER_TIME_ZONE, parse

SAMPLE = ROOT / "config" / "sample"
AS_OF = "2026-01-05T10:00:00Z"
TRADES = "trade_id,symbol,direction,volume,entry_price,entry_time,status,ticket"
POSITIONS = "ticket,symbol,direction,volume,entry_price,entry_time,current_price"


class Reconcile(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="concord-reconcile-")
        self.addCleanup(self.directory.cleanup)
        self.path = pathlib.Path(self.directory.name)

    def file(self, name, *lines):
        path = self.path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def reconcile(self, ours, broker, *arguments):
        """Runs in an empty directory without any configuration, and finds it empty afterwards."""
        place = self.path / "nothing"
        place.mkdir(exist_ok=True)
        result = subprocess.run(
            [BINARY, "reconcile", "--ours", str(ours), "--broker", str(broker), *arguments], capture_output=True,
            text=True, cwd=place, timeout=120,
            env={k: v for k, v in os.environ.items() if not k.startswith(("CONCORD", "DATABASE", "REDIS", "JWT"))})
        self.assertEqual(list(place.iterdir()), [], "something was written")
        return result

    def sample(self, *arguments):
        return self.reconcile(
            SAMPLE / "trades.csv", SAMPLE / "statement.htm", "--time-zone", "Europe/London", *arguments)

    def test_the_sample_has_its_planted_breaks_in_json(self):
        result = self.sample("--format", "json")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        answer = parse(result.stdout)
        self.assertEqual(
            list(answer), ["verdict", "pairs", "counts", "matches", "breaks", "digest", "notes"])
        self.assertEqual(answer["notes"], [])
        self.assertEqual(answer["verdict"], "breaks")
        self.assertEqual(answer["pairs"], "23")
        self.assertEqual(len(answer["matches"]), 23)
        for side in ("ours", "broker"):
            counts = {name: int(count) for name, count in answer["counts"][side].items()}
            self.assertEqual(list(counts), ["rows", "matched", "unmatched", "pending", "duplicate"])
            self.assertEqual(counts, {"rows": 24, "matched": 23, "unmatched": 1, "pending": 0, "duplicate": 0})
        self.assertEqual(
            {(found["trade_id"], found["class"]) for found in answer["breaks"]},
            {("t-14", "entry_slippage"), ("t-20", "volume_mismatch"), ("t-25", "partial_fill"), ("t-27", "side_flip"),
             ("t-22", "sl_mismatch"), ("t-32", "tp_mismatch"), (None, "unknown_to_us"), ("t-37", "broker_closed")})
        slipped = next(found for found in answer["breaks"] if found["trade_id"] == "t-14")
        self.assertEqual(
            slipped,
            {"class": "entry_slippage", "severity": "minor", "symbol": "EURUSD", "trade_id": "t-14",
             "ticket": "5100098", "field": "entry_price", "ours": "1.17031", "broker": "1.17121", "delta": "0.00090",
             "differences": [{"field": "entry_price", "class": "entry_slippage", "ours": "1.17031",
                              "broker": "1.17121", "delta": "0.00090"}]})
        self.assertEqual({match["grade"] for match in answer["matches"]}, {"reference"})

    def test_the_text_has_every_break_and_every_match(self):
        """The complaint: only counts come back, no list of matches and unmatched rows."""
        result = self.sample()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertTrue(result.stdout.startswith("Breaks as of 2026-01-09T21:00:00Z: 23 pairs, 8 breaks\n"))
        for text in ("side_flip", "5100189", "1.17031", "0.00090"):
            self.assertIn(text, result.stdout)
        self.assertEqual(result.stdout.count("  reference\n"), 23)

    def test_the_digest_depends_on_content_and_policy_alone(self):
        digest = json.loads(self.sample("--format", "json").stdout)["digest"]
        lines = (SAMPLE / "trades.csv").read_text().splitlines()
        turned = self.file("turned.csv", lines[0], *reversed(lines[1:]))
        policy = self.file("policy.yaml", "tolerance: { entry_price: 20 pips }")

        again = self.reconcile(turned, SAMPLE / "statement.htm", "--time-zone", "Europe/London", "--format", "json")
        looser = json.loads(self.sample("--format", "json", "--policy", str(policy)).stdout)

        self.assertEqual(json.loads(again.stdout)["digest"], digest)
        self.assertNotEqual(looser["digest"], digest)
        self.assertNotIn("entry_slippage", [found["class"] for found in looser["breaks"]])

    def test_every_format_of_one_account_is_reconciled_with_every_other(self):
        row = "EURUSD,buy,0.10,1.17120,2026-01-05T09:00:00Z"
        trade = dict(zip(TRADES.split(","), f"t-1,{row},open,11".split(",")))
        position = dict(zip(POSITIONS.split(","), f"11,{row},1.17200".split(",")))
        snapshot = {"account_id": "a", "as_of": AS_OF, "completeness": "complete", "positions": [position]}
        ours = [self.file("t.csv", TRADES, f"t-1,{row},open,11"), self.file("t.json", json.dumps([trade]))]
        broker = [
            self.file("p.csv", f"{POSITIONS},as_of", f"11,{row},1.17200,{AS_OF}"),
            self.file("p.json", json.dumps([{**position, "as_of": AS_OF}])),
            self.file("s.json", json.dumps(snapshot)),
        ]
        digests = set()
        for book in ours:
            for side in broker:
                with self.subTest(ours=book.name, broker=side.name):
                    result = self.reconcile(book, side, "--format", "json")
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    digests.add(json.loads(result.stdout)["digest"])
        self.assertEqual(len(digests), 1)
        dated = self.reconcile(ours[0], self.file("q.csv", POSITIONS, f"11,{row},1.17200"), "--as-of", AS_OF)
        self.assertEqual(dated.returncode, 0, dated.stderr)
        netted = self.reconcile(ours[0], broker[0], "--mode", "netting")
        self.assertEqual(netted.returncode, 0, netted.stderr)
        self.assertIn("  net\n", netted.stdout)

    def test_real_statements_agree_with_themselves(self):
        for statement, pairs in ((OPEN_STATEMENT, "169"), (CLOSED_STATEMENT, "0")):
            result = self.reconcile(statement, statement, "--time-zone", SERVER_TIME_ZONE, "--format", "json")
            answer = parse(result.stdout)
            unknown = {found["class"] for found in answer["breaks"]} - {"instrument_unknown"}
            self.assertEqual((answer["pairs"], unknown), (pairs, set()))
            self.assertEqual(result.returncode, 1 if answer["breaks"] else 0, result.stderr)

    def test_an_incomplete_side_is_2_and_compares_nothing(self):
        ours = self.file("t.csv", TRADES, "t-1,EURUSD,buy,0.10,1.17120,2026-01-05T09:00:00Z,open,11")
        for completeness, more in (("partial", {"positions": []}), ("failed", {"error": "time-out"})):
            side = self.file("s.json", json.dumps(
                {"account_id": "a", "as_of": AS_OF, "completeness": completeness, **more}))
            result = self.reconcile(ours, side, "--format", "json")
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(json.loads(result.stdout)["verdict"], "incomplete")
            self.assertIn(completeness, self.reconcile(ours, side).stdout)

    def test_everything_wrong_with_all_files_is_said_at_once_and_stdout_is_clean(self):
        ours = self.file("t.csv", TRADES, "t-1,EURUSD,long,0,1.1e5,2026-01-05T09:00:00Z,open,11")
        side = self.file("p.json", '[{"ticket": 11, "symbol": "EURUSD", "direction": "buy", "volume": -1,',
                         ' "entry_price": 1.1, "entry_time": "2026-01-05", "current_price": 1.1,',
                         f' "as_of": "{AS_OF}"}}]')
        policy = self.file("policy.yaml", "tolerance: { volume: lots, entry_prise: exact }")

        result = self.reconcile(ours, side, "--policy", str(policy), "--format", "json")

        self.assertEqual((result.returncode, result.stdout), (2, ""))
        for place in (f"{policy}:1:22:", f"{policy}:1:28:", f"{ours}:2:12:", f"{ours}:2:17:", f"{ours}:2:19:",
                      f"{side}:1:67:", f"{side}:2:36:"):
            self.assertIn(place, result.stderr)

    def test_what_cannot_be_read_is_2(self):
        good = self.file("t.csv", TRADES)
        empty = self.file("p.csv", POSITIONS)
        text = OPEN_STATEMENT.read_text(encoding="latin-1")
        cut = self.path / "cut.htm"
        cut.write_text(text[: len(text) // 2], encoding="latin-1")
        cases = {
            "a missing file": (self.path / "none.csv", empty, "none.csv"),
            "another ending": (self.file("t.txt", "x"), empty, ".csv, .json, .htm"),
            "a statement without the broker's clock": (good, OPEN_STATEMENT, "--time-zone"),
            "a statement that is cut off": (good, cut, "cut.htm"),
            "positions without their moment": (good, self.file("q.csv", POSITIONS), "as_of"),
            "two accounts": (
                self.file("a.csv", f"{TRADES},account_id", "t,EURUSD,buy,1,1,2026-01-05T09:00:00Z,open,,one"),
                self.file("b.csv", f"{POSITIONS},account_id,as_of",
                          f"1,EURUSD,buy,1,1,2026-01-05T09:00:00Z,1,two,{AS_OF}"), "two"),
        }
        for name, (ours, broker, word) in cases.items():
            with self.subTest(name):
                zone = ["--time-zone", "UTC"] if broker == cut else []
                moment = ["--as-of", AS_OF] if broker == empty else []
                result = self.reconcile(ours, broker, *zone, *moment)
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                self.assertIn(word, result.stderr)

    def test_bad_usage_is_64(self):
        good = self.file("t.csv", TRADES)
        for arguments in (["--mode", "both"], ["--time-zone", "Mars"], ["--format", "xml"], ["--as-of", "today"]):
            self.assertEqual(self.reconcile(good, good, *arguments).returncode, 64, arguments)
        dated = self.reconcile(good, OPEN_STATEMENT, "--time-zone", "UTC", "--as-of", AS_OF)
        self.assertEqual(dated.returncode, 64)

    def money(self, positions, *arguments, balance="1000.00", equity="1120.00", **fields):
        """What a snapshot with these figures comes to against an empty book; without its breaks of positions."""
        side = self.file("s.json", json.dumps({
            "account_id": "a", "as_of": AS_OF, "completeness": "complete", "positions": positions,
            "account": {"balance": balance, "equity": equity}, **fields}))
        result = self.reconcile(self.file("t.csv", TRADES), side, "--format", "json", *arguments)
        self.assertEqual(result.stderr, "")
        answer = parse(result.stdout)
        cash = [b for b in answer["breaks"] if b["class"] == "cash_mismatch"]
        text = self.reconcile(self.file("t.csv", TRADES), side, *arguments).stdout
        for note in answer["notes"]:
            self.assertIn(note, text)
        return cash, answer["notes"]

    def test_positions_without_a_profit_are_valued_when_the_currency_is_known(self):
        """1.10000 to 1.10100 on 0.10 lots is 10.00 dollars; the equity has 120.00, or what follows from the positions."""
        row = {"ticket": 11, "symbol": "EURUSD.m", "direction": "buy", "volume": "0.10", "entry_price": "1.10000",
               "entry_time": "2026-01-05T09:00:00Z", "current_price": "1.10100", "swap": "-1.25"}

        wrong, notes = self.money([row], "--currency", "USD")
        right, _ = self.money([row], "--currency", "USD", equity="1008.75")

        self.assertEqual([(b["symbol"], b["ours"], b["broker"]) for b in wrong], [("USD", "1008.75", "1120.00")])
        self.assertEqual((right, notes), ([], []))

    def test_what_keeps_the_equity_from_being_checked_is_said(self):
        row = {"ticket": 11, "symbol": "EURGBP", "direction": "buy", "volume": "0.10", "entry_price": "0.85",
               "entry_time": "2026-01-05T09:00:00Z", "current_price": "0.86"}
        self.assertEqual(self.money([row], "--currency", "USD"), ([], [
            "The equity was not checked: ticket 11 needs a profit: EURGBP is quoted in GBP, not in USD."]))
        self.assertEqual(self.money([row], "--currency", "GBP", equity="1100.00"), ([], []))
        self.assertEqual(self.money([row]), ([], [
            "No currency is named, which --currency does: the equity was not checked, because a position without a "
            "profit cannot be valued."]))

    def test_amounts_have_the_currencys_decimals_and_two_where_none_is_named(self):
        yen, notes = self.money([], "--currency", "JPY", balance="1000", equity="2000")
        nothing, more = self.money([], balance="1000", equity="2000")
        self.assertEqual([(b["symbol"], b["broker"]) for b in yen], [("JPY", "2000")])
        self.assertEqual([(b["symbol"], b["broker"]) for b in nothing], [(None, "2000.00")])
        self.assertEqual((notes, more), ([], ["No currency is named, which --currency does: amounts have two decimals."]))

    def test_a_currency_that_contradicts_the_statement_is_refused(self):
        good = self.file("t.csv", TRADES)
        zone = ("--time-zone", SERVER_TIME_ZONE)
        result = self.reconcile(good, OPEN_STATEMENT, *zone, "--currency", "USD")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(
            result.stderr, f"{OPEN_STATEMENT}: the currency is EUR, but the files are compared in USD\n")
        self.assertEqual(self.reconcile(good, OPEN_STATEMENT, *zone, "--currency", "EUR").returncode, 1)
        for code in ("usd", "XXX", "dollars"):
            self.assertEqual(self.reconcile(good, OPEN_STATEMENT, *zone, "--currency", code).returncode, 64, code)

    def test_files_alone_do_not_tell_what_a_gone_ticket_continued(self):
        """Ticket 5 became 6 and 6 became 7: a host knows from earlier snapshots, two files do not."""
        ours = self.file("t.csv", TRADES, "t-1,EURUSD,buy,0.10,1.17120,2026-01-05T09:00:00Z,open,5")
        row = "7,EURUSD,buy,0.03,1.17120,2026-01-05T09:00:00Z,1.17200"
        for comment, classes in (("from #5", ["partial_fill"]), ("from #6", ["broker_closed", "unknown_to_us"])):
            side = self.file("p.csv", f"{POSITIONS},comment,as_of", f"{row},{comment},{AS_OF}")
            answer = parse(self.reconcile(ours, side, "--format", "json").stdout)
            self.assertEqual([found["class"] for found in answer["breaks"]], classes)

    def test_digits_seen_in_quotes_count(self):
        row = {"ticket": 11, "symbol": "ODD", "direction": "buy", "volume": "1", "entry_price": "2.5",
               "entry_time": "2026-01-05T09:00:00Z", "current_price": "2.5"}
        side = self.file("s.json", json.dumps({
            "account_id": "a", "as_of": AS_OF, "completeness": "complete", "positions": [row],
            "quotes": [{"symbol": "odd", "bid": "2.5000", "ask": "2.5", "time": AS_OF}]}))
        ours = self.file("t.csv", TRADES, "t-1,ODD,buy,1,2.6,2026-01-05T09:00:00Z,open,11")

        answer = parse(self.reconcile(ours, side, "--format", "json").stdout)

        (slipped,) = [b for b in answer["breaks"] if b["class"] == "entry_slippage"]
        self.assertEqual((slipped["ours"], slipped["broker"]), ("2.6000", "2.5000"))

    def test_a_quarter_of_a_million_lines_are_compared(self):
        """The complaint: time-outs at 250,000 lines."""
        count = 250_000 // 2
        with open(self.path / "t.csv", "w") as ours, open(self.path / "p.csv", "w") as side:
            ours.write(TRADES + "\n")
            side.write(POSITIONS + "\n")
            for number in range(1, count + 1):
                row = "EURUSD,buy,0.10,1.17120,2026-01-05T09:00:00Z"
                ours.write(f"t-{number},{row},open,{number}\n")
                side.write(f"{number},{row},1.17200\n")

        result = self.reconcile(self.path / "t.csv", self.path / "p.csv", "--as-of", AS_OF, "--format", "json")

        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(parse(result.stdout)["pairs"], str(count))


if __name__ == "__main__":
    unittest.main()
