"""A query of the query services that no cache answers asks storage once."""

from harness import ConcordTest, at, position


class RoundTrips(ConcordTest):
    extra = ("cache: { use: none }\n"
             "instruments: { GBPUSD: { digits: 5, pip: 0.0001, multiplier: 100000, quote_currency: USD } }\n")
    # Background work runs statements of its own now and then: the least of so many is the query's.
    TRIES = 8

    def statements(self, path):
        """What one request for `path` has run, once its caller is known."""
        self.host.ok("GET", path, self.host.token("ann"))
        counts = []
        for _ in range(self.TRIES):
            before = self.host.metric("storage_queries_total")
            self.host.ok("GET", path, self.host.token("ann"))
            counts.append(self.host.metric("storage_queries_total") - before)
        return min(counts)

    def test_every_query_is_one_statement(self):
        host = self.host
        host.put_account("gold", "ann")
        run = host.snapshot("gold", at(0), [position(1), position(2, symbol="GBPUSD")])["run_id"]
        found = host.breaks("gold")[0]["id"]
        open_id = host.ok("GET", "/api/v1/positions/open", host.token("ann"))["positions"][0]["position_id"]
        names = {"{break_id}": found, "{run_id}": run, "{position_id}": open_id, "{account_id}": "gold"}
        document = host.ok("GET", "/api/v1/openapi.json", None)
        modules = ("/reconciliation/", "/positions/", "/guards/")
        paths = [path for path, methods in document["paths"].items()
                 if "get" in methods and path.removeprefix("/api/v1").startswith(modules)]

        counts = {}
        for path in paths:
            for name, value in names.items():
                path = path.replace(name, value)
            counts[path] = self.statements(path)
            if any(each["name"] == "symbol" for each in document["paths"].get(path, {}).get("get", {}).get("parameters", [])):
                # One that the configuration describes, and one that it does not.
                for symbol in ("gbpusd", "eurusd.m"):
                    counts[f"{path}?symbol={symbol}"] = self.statements(f"{path}?symbol={symbol}")

        self.assertEqual(sum("symbol=" in path for path in counts), 10, counts)
        self.assertGreaterEqual(len(counts), 24, counts)
        self.assertEqual(counts, dict.fromkeys(counts, 1))
