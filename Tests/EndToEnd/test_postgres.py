"""A host whose state is in PostgreSQL: its commands, its figures, and connections that end."""

import concurrent.futures
import unittest

from harness import Host, at, position, trade
from servers import variable


class OnPostgres(unittest.TestCase):
    def setUp(self):
        self.host = Host("cache: { use: none }\n", postgres=variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(self.host.close)

    def test_the_commands_look_migrate_and_undo(self):
        before = self.host.run("check", "--probe", check=True).stdout
        self.assertIn("pending", before)
        self.assertEqual(self.host.stored("SELECT count(*) AS n FROM pg_proc WHERE proname IN ('dec', 'dec_mul')"), [(0,)])
        self.host.run("migrate", "up", check=True)
        self.assertIn("up to date", self.host.run("check", "--probe", check=True).stdout)
        self.host.run("migrate", "down", check=True)
        self.assertIn("pending", self.host.run("migrate", "status", check=True).stdout)
        self.host.run("migrate", "up", check=True)
        self.assertNotIn("pending", self.host.run("migrate", "status", check=True).stdout)

    def test_what_is_no_database_is_refused_and_what_is_not_there_named(self):
        for url, code, words in [
            ("mysql://ann:hidden@db/book", 2, "not the URL of a PostgreSQL database"),
            ("postgresql://ann:hidden@db/book?sslmde=require", 2, "sslmde"),
            ("postgresql://ann:hidden@127.0.0.1:1/book", 3, "Connection refused"),
        ]:
            result = self.host.run("check", "--probe", environment={**self.host.environment, "DATABASE_URL": url})
            text = result.stdout + result.stderr
            self.assertEqual(result.returncode, code, text)
            self.assertIn(words, text)
            self.assertNotIn("hidden", text)
            self.assertFalse([sign for sign in text if sign == "\ufffd" or (sign < " " and sign != "\n")], text)

    def test_the_password_is_shown_nowhere(self):
        password = self.host.postgres.url.split("@")[0].rsplit(":", 1)[1]
        self.host.serve()
        shown = self.host.run("config", "show", check=True).stdout + self.host.logs()
        self.assertNotIn(password, shown)

    def test_statements_and_connections_are_counted(self):
        self.host.serve()
        self.host.put_account("acc", "ann")
        metrics = self.host.request("GET", "/metrics", port=self.host.admin_port)
        if metrics.status != 200:
            metrics = self.host.request("GET", "/metrics", self.host.operator)
        values = dict(line.rsplit(" ", 1) for line in metrics.body.splitlines() if line and not line.startswith("#"))
        self.assertGreater(float(values["pg_queries_total"]), 0)
        connections = [float(values[f'storage_pool_connections{{state="{state}"}}']) for state in ("idle", "busy")]
        self.assertGreater(sum(connections), 0)

    def test_connections_that_are_cut_cost_no_answer_and_no_row(self):
        host = self.host
        host.serve()
        host.put_account("acc", "ann")

        def work(number):
            answers = [host.request("POST", "/api/v1/trades", host.agent, [trade(f"t-{number}", "acc", ticket=number)])]
            answers.append(host.get("/api/v1/reconciliation/status?account_id=acc", host.operator))
            return answers

        host.agent, host.operator  # Minted before the threads ask for them.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            under_way = [pool.submit(work, number) for number in range(1, 121)]
            for done in range(20, 120, 20):
                under_way[done].result()
                host.postgres.cut()
            answers = [answer for task in under_way for answer in task.result()]
        lost = [answer for answer in answers if answer.status not in (200, 503)]
        self.assertEqual(lost, [])
        for number in range(1, 121):
            host.ok("POST", "/api/v1/trades", host.agent, [trade(f"t-{number}", "acc", ticket=number)])
        ((total,),) = host.stored("SELECT count(*) AS total FROM trades")
        self.assertEqual(total, 120)
        run = host.snapshot("acc", at(0), [position(number) for number in range(1, 121)])
        self.assertEqual(str(run["matched"]), "120")
        self.assertEqual(host.request("GET", "/api/v1/ready").status, 200)


if __name__ == "__main__":
    unittest.main()
