"""Three hosts on one PostgreSQL and one Redis do together what one would, and one that dies takes nothing with it."""

import concurrent.futures
import random
import signal
import threading
import time
import unittest

from harness import Host, Postgres, at, eventually, position, trade
from servers import Redis, variable

EXTRA = """\
cache: { use: redis }
retention: { snapshots: 7d }
queries:
  - reconciliation: { grace: { default: 0s, unknown_to_us: 2s } }
  - positions
  - guards: { drawdown: { countdown: 3s } }
"""


# Less than any answer lives by itself.
SOON = 4


class Hosts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.database = Postgres(variable("CONCORD_TEST_POSTGRES_URL"))
        cls.addClassCleanup(cls.database.drop)
        cls.redis = Redis().start()
        cls.addClassCleanup(cls.redis.close)
        cls.hosts = []
        for _ in range(3):
            host = Host(EXTRA, {"REDIS_URL": cls.redis.url}, postgres=cls.database)
            cls.addClassCleanup(host.close)
            if cls.hosts:
                host.tokens = cls.hosts[0].tokens
            cls.hosts.append(host.serve())
        # Minted before threads ask for them.
        cls.hosts[0].agent, cls.hosts[0].operator

    def setUp(self):
        for host in self.hosts:
            if host.process:
                host.wait_until_ready()
            else:
                host.serve()

    def account(self, name, **fields):
        self.hosts[0].put_account(name, f"owner-of-{name}", **fields)
        return name

    def count(self, table, account, condition="true"):
        return int(self.database.value(f"SELECT count(*) FROM {table} WHERE account_id = '{account}' AND {condition}"))

    def send(self, host, body, key=None, **options):
        headers = {"Idempotency-Key": key} if key else None
        return host.request("POST", "/api/v1/snapshots", host.agent, body, headers=headers, **options)

    def hold(self, account):
        """Somebody has the account's row until the session ends, as a host in the middle of a run does."""
        session = self.database.session()
        self.addCleanup(session.close)
        session.tell(f"BEGIN; SELECT 1 FROM accounts WHERE account_id = '{account}' FOR UPDATE")
        return session

    def waiting(self):
        """How many sessions wait for a row that another has."""
        return int(self.database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))

    def total_syncs(self, host, account):
        return int(host.ok("GET", "/api/v1/reconciliation/status", host.token(f"owner-of-{account}"))["total_syncs"])

    # Everybody writes

    def test_a_hundred_snapshots_at_once_are_a_hundred_runs_one_after_the_other(self):
        account, total = self.account("crowd"), 100
        self.hosts[0].ok("POST", "/api/v1/trades", self.hosts[0].agent, [trade(account=account, ticket=1)])
        bodies = {n: snapshot(account, n, [position(1), position(1000 + n)]) for n in range(total)}
        order = list(bodies)
        random.Random(7).shuffle(order)

        def deliver(place):
            number = order[place % total]
            # Each twice at the same time, on two hosts, under one key.
            host = self.hosts[(place + place // total) % len(self.hosts)]
            while True:
                answer = self.send(host, bodies[number], key=f"crowd-{number}")
                # On a slow machine they wait for longer than a call may wait for its turn, and are told to come again.
                if answer.status != 503 or "retry-after" not in answer.headers:
                    return number, answer
                time.sleep(0.2)

        with concurrent.futures.ThreadPoolExecutor(total) as pool:
            answers = list(pool.map(deliver, range(2 * total)))
        self.assertEqual([answer for _, answer in answers if answer.status != 200][:3], [])
        told = {}
        for number, answer in answers:
            told.setdefault(number, set()).add(answer.body)
        self.assertEqual([n for n in told if len(told[n]) != 1], [], "two answers under one key")
        runs = {n: self.hosts[n % 3].ok("POST", "/api/v1/snapshots", self.hosts[0].agent, bodies[n])
                for n in range(0, total, 10)}
        self.assertEqual({run["duplicate"] for run in runs.values()}, {True})

        # One after the other: each run has seen exactly what came before it in the account's sequence.
        rows = self.database.rows(
            "SELECT s.sequence, extract(epoch FROM s.as_of)::bigint - 1767607200 AS number, r.verdict, r.run_number, "
            "r.breaks_opened, r.breaks_resolved FROM snapshots s JOIN runs r ON r.snapshot_id = s.snapshot_id "
            f"WHERE s.account_id = '{account}' ORDER BY s.sequence")
        self.assertEqual([row[0] for row in rows], list(range(1, total + 1)))
        self.assertEqual([row[3] for row in rows], list(range(1, total + 1)))
        self.assertEqual(sorted(row[1] for row in rows), list(range(total)))
        newest, taken = -1, 0
        for _, number, verdict, *_ in rows:
            self.assertEqual(verdict == "superseded", number < newest, (number, newest, verdict))
            taken += number > newest
            newest = max(newest, number)
        for table, expected in [("snapshots", total), ("runs", total)]:
            self.assertEqual(self.count(table, account), expected, table)
        self.assertEqual(self.count("reconciliation_logs", account, "kind = 'sync'"), total)
        self.assertEqual(int(self.database.value("SELECT count(*) FROM idempotency_keys WHERE key LIKE 'crowd-%'")), total)

        # The state is that of the newest, on every host.
        for host in self.hosts:
            open_now = host.ok("GET", f"/api/v1/positions/open?account_id={account}", host.operator)["positions"]
            self.assertEqual(sorted(p["ticket"] for p in open_now), ["1", str(1000 + total - 1)])
        self.assertEqual(self.count("positions", account, "status = 'closed'"), taken - 1)

    def test_a_write_on_one_host_is_seen_on_the_others(self):
        account = self.account("seen")
        for number in range(1, 7):
            for host in self.hosts:
                self.total_syncs(host, account)
            writer = self.hosts[number % 3]
            self.assertEqual(self.send(writer, snapshot(account, number, [])).status, 200)
            self.assertEqual(self.total_syncs(writer, account), number)
            for host in self.hosts:
                eventually(lambda: self.total_syncs(host, account) == number, seconds=SOON)

    def test_an_account_that_changes_hands_is_gone_for_its_former_owner_on_every_host(self):
        account = self.account("sold")
        path = f"/api/v1/reconciliation/status?account_id={account}"
        former, new = self.hosts[0].token("owner-of-sold"), self.hosts[0].token("buyer")
        for host in self.hosts:
            self.assertEqual([host.get(path, former).status, host.get(path, new).status], [200, 404])
        self.hosts[1].put_account(account, "buyer")
        for host in self.hosts:
            eventually(lambda: [host.get(path, former).status, host.get(path, new).status] == [404, 200], seconds=SOON)

    # What time alone causes

    def test_countdowns_that_end_together_write_one_command_per_position(self):
        accounts = [self.account(f"fall-{n}") for n in range(4)]
        tickets = range(1, 11)
        for account in accounts:
            for second, equity in ((0, 10_000), (1, 5_000)):
                answer = self.send(self.hosts[0], snapshot(account, second, [position(t) for t in tickets],
                                                           equity=equity))
                self.assertEqual((answer.status, answer.json["guards"]["state"]), (200, "ok" if second == 0 else "tripped"))
        # Nobody gets at the accounts until every host has found that the countdowns are over.
        held = [self.hold(account) for account in accounts]
        eventually(lambda: int(self.database.value(
            "SELECT count(*) FROM guard_trips WHERE account_id LIKE 'fall-%' AND liquidation_at < now()")) == 4)
        self.let_everybody_look()
        self.assertEqual([self.count("close_commands", account) for account in accounts], [0] * 4)
        for session in held:
            session.tell("COMMIT")
        for account in accounts:
            eventually(lambda: self.count("close_commands", account))
        self.let_everybody_look()
        for account in accounts:
            found = self.database.rows(
                f"SELECT ticket, status, count(*) AS n FROM close_commands WHERE account_id = '{account}' "
                "GROUP BY ticket, status ORDER BY ticket")
            self.assertEqual(found, [(ticket, "pending", 1) for ticket in tickets])
            self.assertEqual(self.count("guard_trips", account), 1)
            lines = self.database.rows(
                f"SELECT description FROM reconciliation_logs WHERE account_id = '{account}' "
                "AND description LIKE 'countdown over%'")
            self.assertEqual(lines, [("countdown over: 10 positions to close",)])
            for host in self.hosts:
                listed = host.ok("GET", f"/api/v1/close-commands?account_id={account}", host.operator)["commands"]
                self.assertEqual(len(listed), 10)

    def let_everybody_look(self):
        """Every host looks for what is due, from beginning to end, at least once; it does so each second."""
        def looks():
            return [host.metric('module_calls_total{module="guards",operation="scheduled"') for host in self.hosts]
        before = looks()
        eventually(lambda: all(now >= then + 2 for now, then in zip(looks(), before)), seconds=60)

    def test_a_grace_that_ends_opens_a_break_once_however_many_hosts_look(self):
        accounts = [self.account(f"grace-{n}") for n in range(6)]
        opened = lambda: sum(h.metric('reconciliation_divergences_total{reason="unknown"}') for h in self.hosts)
        before = opened()
        for account in accounts:
            self.assertEqual(self.send(self.hosts[0], snapshot(account, 0, [position(n) for n in range(1, 6)])).status, 200)
            self.assertEqual(self.count("breaks", account, "status = 'pending'"), 5)
        for account in accounts:
            eventually(lambda: self.count("breaks", account, "status = 'open'") == 5)
        self.let_everybody_look()
        for account in accounts:
            events = self.database.rows(
                f"SELECT to_status, count(*) AS n FROM break_events WHERE account_id = '{account}' GROUP BY to_status "
                "ORDER BY to_status")
            self.assertEqual(events, [("open", 5), ("pending", 5)])
        self.assertEqual(opened() - before, 30)

    def test_an_account_that_somebody_holds_keeps_no_other_waiting(self):
        first, other = self.account("held"), self.account("free")
        for account in (first, other):
            positions = [position(1)]
            for second, equity in ((0, 10_000), (1, 5_000)):
                self.send(self.hosts[0], snapshot(account, second, positions, equity=equity))
        session = self.hold(first)

        eventually(lambda: self.count("breaks", other, "status = 'open'"), seconds=15)
        eventually(lambda: self.count("close_commands", other), seconds=15)

        self.assertEqual([self.count("breaks", first, "status = 'open'"), self.count("close_commands", first)], [0, 0])
        session.tell("COMMIT")
        eventually(lambda: self.count("breaks", first, "status = 'open'") and self.count("close_commands", first))

    def test_the_hourly_job_of_a_host_that_died_is_done_once_by_another(self):
        eventually(lambda: self.database.rows("SELECT 1 AS one FROM jobs WHERE due_at > now()"))
        account = self.account("old")
        self.send(self.hosts[0], snapshot(account, 0, []))
        self.send(self.hosts[0], snapshot(account, 1, []))
        self.database.value("UPDATE snapshots SET received_at = received_at - interval '8 days' "
                            f"WHERE account_id = '{account}'")
        # As it stands when a host is killed while it has the job.
        self.database.value("UPDATE jobs SET holder = 'dead', due_at = now(), leased_until = now() + interval '1 hour'")
        done = "SELECT 1 AS one FROM jobs WHERE due_at > now() AND holder <> 'dead'"
        # A host that starts looks at once, and again each minute.
        self.restart(self.hosts[0])
        eventually(lambda: self.hosts[0].metric('module_calls_total{module="book",operation="scheduled"'))
        self.assertEqual((self.database.rows(done), self.count("snapshots", account, "is_content_kept")), ([], 2))
        self.database.value("UPDATE jobs SET leased_until = now()")
        for host in self.hosts[1:]:
            self.restart(host)
        eventually(lambda: self.database.rows(done))
        self.assertEqual(self.count("snapshots", account, "is_content_kept"), 1)

    def restart(self, host):
        host.stop(signal.SIGKILL)
        host.serve()

    # Hosts that die or freeze

    def test_a_host_killed_while_it_has_an_account_lets_go_of_it(self):
        account = self.account("orphan")
        session, one, other = self.hold(account), self.hosts[0], self.hosts[1]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            lost = pool.submit(self.ask, one, snapshot(account, 0, []), "orphan-0")
            eventually(self.waiting)
            one.stop(signal.SIGKILL)
            session.tell("COMMIT")
            self.assertIsNone(lost.result())
        answer = self.send(other, snapshot(account, 0, []), key="orphan-0", timeout=10)
        self.assertEqual((answer.status, self.count("snapshots", account)), (200, 1), answer)

    def test_a_host_frozen_while_it_has_an_account_lets_go_of_it(self):
        """Its connections stand, so that nothing but time tells the server; thawed, it finds that it was too late."""
        account = self.account("frozen")
        session, one, other = self.hold(account), self.hosts[0], self.hosts[1]
        body = snapshot(account, 0, [position(1)])
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(self.ask, one, body, "frozen-0")
            eventually(self.waiting)
            one.process.send_signal(signal.SIGSTOP)
            try:
                session.tell("COMMIT")
                answer = eventually(lambda: (a := self.send(other, body, key="frozen-0")).status == 200 and a, seconds=25)
                self.assertEqual(self.total_syncs(other, account), 1)
            finally:
                one.process.send_signal(signal.SIGCONT)
            late = slow.result()
        self.assertIn(late.status, (200, 503), late)
        again = self.send(one, body, key="frozen-0")
        self.assertEqual((again.body, self.count("snapshots", account)), (answer.body, 1))

    def test_a_host_killed_under_load_loses_and_doubles_nothing_and_the_others_go_on(self):
        account = self.account("load")
        stop, failures, acknowledged, alive = threading.Event(), [], {}, list(self.hosts[:2])
        numbers, lock = iter(range(100_000)), threading.Lock()

        def write():
            while not stop.is_set():
                with lock:
                    number = next(numbers)
                body, key = snapshot(account, number, [position(1)]), f"load-{number}"
                answer = self.ask(self.hosts[2] if number % 3 == 2 else alive[number % 3], body, key)
                if answer is None:  # Its host was killed: another one is asked under the same key.
                    if number % 3 != 2:
                        failures.append(f"{number}: a host that was not killed gave no answer")
                    answer = self.ask(alive[number % 2], body, key)
                if answer is None or answer.status != 200:
                    failures.append(answer)
                else:
                    acknowledged[number] = answer.json["run_id"]

        writers = [threading.Thread(target=write) for _ in range(6)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(3):
                reached = len(acknowledged) + 20
                eventually(lambda: len(acknowledged) >= reached)
                self.hosts[2].stop(signal.SIGKILL)
                reached = len(acknowledged) + 10
                eventually(lambda: len(acknowledged) >= reached)
                self.hosts[2].serve()
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.assertEqual(failures, [])
        self.assertGreater(len(acknowledged), 90)
        stored = dict(self.database.rows(
            "SELECT extract(epoch FROM s.as_of)::bigint - 1767607200 AS number, r.run_id FROM snapshots s "
            f"JOIN runs r ON r.snapshot_id = s.snapshot_id WHERE s.account_id = '{account}'"))
        self.assertEqual(stored, acknowledged)
        self.assertEqual(self.count("snapshots", account), len(acknowledged))
        for host in self.hosts:
            eventually(lambda: self.total_syncs(host, account) == len(acknowledged), seconds=SOON)

    def test_what_a_killed_host_stored_without_telling_is_seen_once_it_is_acknowledged(self):
        for attempt in range(10):
            account, key = self.account(f"untold-{attempt}"), f"untold-{attempt}"
            if self.is_stored_untold(account, key):
                break
            # The server looks once a second whether its client is there: it did so in between, and stored nothing.
            self.assertEqual([self.count(table, account) for table in ("snapshots", "runs")], [0, 0])
            self.hosts[0].serve()
        else:
            self.fail("the server has noticed every time that its client was gone")
        for host in self.hosts[1:]:
            answer = self.send(host, snapshot(account, 0, [position(1)]), key=key)
            self.assertEqual((answer.status, self.total_syncs(host, account)), (200, 1))
        self.assertEqual(self.count("runs", account), 1)

    def is_stored_untold(self, account, key):
        """Whether a snapshot is stored whose host was killed while the server committed it."""
        one, others = self.hosts[0], self.hosts[1:]
        with SlowCommit(self.database):
            self.assertEqual([self.total_syncs(host, account) for host in others], [0, 0])
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                lost = pool.submit(self.ask, one, snapshot(account, 0, [position(1)]), key)
                eventually(lambda: SlowCommit.under_way(self.database))
                one.stop(signal.SIGKILL)
                self.assertIsNone(lost.result())
            eventually(lambda: not SlowCommit.under_way(self.database))
        return self.count("snapshots", account) == 1

    def ask(self, host, body, key):
        """`None` when its host was killed."""
        try:
            return self.send(host, body, key)
        except OSError:
            return None


class SlowCommit:
    """Snapshots take a second to commit: what a host is killed in the middle of is stored, and it cannot tell."""

    def __init__(self, database):
        self.database = database

    def __enter__(self):
        self.database.value(
            "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$; "
            "CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON snapshots DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION pause()")

    def __exit__(self, *_):
        self.database.value("DROP TRIGGER pause ON snapshots; DROP FUNCTION pause")

    @staticmethod
    def under_way(database):
        return database.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                             "AND query = 'COMMIT' AND wait_event = 'PgSleep'")


def snapshot(account, number, positions, equity=None):
    return {"account_id": account, "as_of": at(number), "completeness": "complete", "positions": positions,
            "account": equity and {"equity": equity}}


if __name__ == "__main__":
    unittest.main()
