"""Events sent to a receiver that checks signatures, fails at times, dies and comes back, while the host is killed."""

import http.server
import json
import re
import signal
import threading
import time
import unittest

from harness import ROOT, Host, Postgres, at, eventually, free_port, position
from servers import variable

SECRET = "a secret of the desk, long enough"
CONFIG = """queries:
  - reconciliation
  - positions
  - guards: {{ drawdown: {{ countdown: {countdown} }} }}
  - webhook:
      endpoints:
        desk:
          url: "http://127.0.0.1:{port}/hooks"
          secret: "{secret}"
          events: [snapshot.stored, run.finished, break.changed, guard.changed]
      timeout: 1s
      attempts: {attempts}
      first_pause: 50ms
      longest_pause: 400ms
"""


def documented():
    """The check of a signature that docs/events.md gives to receivers."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "events.md").read_text(), re.DOTALL)
    names = {}
    exec(block[1], names)
    return names["is_from_concord"]


is_from_concord = documented()


class Receiver:
    """Takes events on a port of its own; `answer` gives the status for one, or `None` to hang up."""

    def __init__(self, answer=lambda event, attempt: 200, port=None, delay=0, done=lambda event: None):
        self.delay, self.done = delay, done
        self.port = port or free_port()
        self.answer = answer
        self.lock = threading.Lock()
        # Every request that came, and of those the ones that were taken, as (headers, event).
        self.seen, self.taken, self.unsigned = [], [], []
        self.server = None

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.receive(self, body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # A host that was killed hangs up.

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def receive(self, handler, body):
        event = json.loads(body)
        with self.lock:
            self.seen.append((dict(handler.headers.items()), event))
            self.last = (handler.headers["Concord-Signature"], body)
            if not is_from_concord(handler.headers["Concord-Signature"], body, SECRET):
                self.unsigned.append(event)
            status = self.answer(event, len(self.seen))
            if self.server is None:
                status = None
            if status and 200 <= status < 300:
                self.taken.append((dict(handler.headers.items()), event))
        time.sleep(self.delay)
        with self.lock:
            self.done(event)
        if status is None:
            handler.close_connection = True
            return
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        if 300 <= status < 400:
            handler.send_header("Location", f"http://127.0.0.1:{self.port}/elsewhere")
        handler.end_headers()

    @property
    def events(self):
        with self.lock:
            return [event for _, event in self.taken]

    def first(self):
        """The events in the order in which each was taken for the first time."""
        events = {}
        for event in self.events:
            events.setdefault(event["id"], event)
        return list(events.values())


class WebhookTest(unittest.TestCase):
    def begin(self, answer=lambda event, attempt: 200, attempts=100, countdown="10s", listening=True):
        receiver = Receiver(answer)
        self.addCleanup(receiver.stop)
        if listening:
            receiver.start()
        host = Host(CONFIG.format(port=receiver.port, secret=SECRET, attempts=attempts, countdown=countdown))
        self.addCleanup(host.close)
        host.serve()
        return host, receiver

    def waiting(self, host):
        return host.stored("SELECT count(*) FROM event_outbox")[0][0]

    def in_order(self, events):
        """Each account's events, as they were first taken, by their numbers."""
        accounts = {event["account_id"] for event in events}
        for account in accounts:
            numbers = [event["number"] for event in events if event["account_id"] == account]
            self.assertEqual(numbers, sorted(numbers), account)


class Reloaded(WebhookTest):
    def test_reloads_that_change_no_observer_neither_end_nor_repeat_a_delivery(self):
        host, receiver = self.begin()
        receiver.delay = 0.8
        host.put_account("a", "ann")
        host.snapshot("a", at(0), [])
        eventually(lambda: receiver.seen or receiver.taken)
        before = host.metric("config_generation")
        for _ in range(5):
            host.ok("POST", "/admin/config/reload", host.operator, port=host.admin_port)
        self.assertEqual(host.metric("config_generation"), before + 5)
        eventually(lambda: self.waiting(host) == 0)
        identifiers = [event["id"] for event in receiver.events]
        self.assertEqual(len(identifiers), len(set(identifiers)), identifiers)


class Faults(WebhookTest):
    def test_everything_arrives_in_order_though_the_receiver_fails_and_dies_and_the_host_is_killed(self):
        # Every seventh request fails, one in eleven gets no answer.
        host, receiver = self.begin(
            lambda event, count: None if count % 11 == 0 else 500 if count % 7 == 0 else 200)
        accounts = ["a", "b", "c"]
        for account in accounts:
            host.put_account(account, "ann")
        runs = {}

        def store(second):
            for account in accounts:
                run = host.snapshot(account, at(second), [position(1)], account={"equity": 1000 + second})
                runs[run["run_id"]] = account

        for second in range(8):
            store(second)
        eventually(lambda: len(receiver.events) >= 10)
        host.stop(signal.SIGKILL)
        host.serve()
        for second in range(8, 16):
            store(second)
        receiver.stop()
        for second in range(16, 24):
            store(second)
        eventually(lambda: host.metric('event_deliveries_total{outcome="failed",subscription="webhook/desk"}') > 0)
        host.stop(signal.SIGKILL)
        host.serve()
        receiver.start()
        eventually(lambda: self.waiting(host) == 0, 120)

        events = receiver.first()
        self.assertEqual(receiver.unsigned, [])
        self.in_order(events)
        self.assertEqual({e["data"]["run_id"] for e in events if e["event"] == "run.finished"}, set(runs))
        stored = [e["data"]["snapshot_number"] for e in events
                  if e["event"] == "snapshot.stored" and e["account_id"] == "a"]
        self.assertEqual(stored, list(range(1, 25)))
        opened = [(e["account_id"], e["data"]["class"], e["data"]["to"]) for e in events if e["event"] == "break.changed"]
        self.assertEqual(sorted(opened), [(account, "unknown_to_us", "open") for account in accounts])
        # What comes twice is the same event, with the same ID and the same body.
        bodies = {}
        for event in receiver.events:
            self.assertEqual(bodies.setdefault(event["id"], event), event)
        for headers, event in receiver.seen:
            self.assertEqual(headers["Concord-Event-Id"], event["id"])
            self.assertEqual(headers["Concord-Event"], event["event"])

    def test_a_redirect_is_not_followed_and_counts_as_a_failure(self):
        host, receiver = self.begin(lambda event, count: 302, attempts=2)
        host.put_account("acc", "ann")
        host.snapshot("acc", at(0), [])

        letters = eventually(lambda: self.letters(host))

        self.assertIn("redirects are not followed", letters[0]["last_error"])
        self.assertEqual(receiver.events, [])

    def letters(self, host, **query):
        text = "&".join(f"{key}={value}" for key, value in query.items())
        answer = host.ok("GET", f"/admin/webhooks/dead-letters?{text}", host.operator, port=host.admin_port)
        return answer["dead_letters"]

    def test_dead_letters_are_listed_by_pages_and_put_back_by_operators_alone(self):
        refused = {"all": True}
        host, receiver = self.begin(lambda event, count: 410 if refused["all"] else 200)
        host.put_account("acc", "ann")
        for second in range(3):
            host.snapshot("acc", at(second), [], account={"equity": 1000 + second})
        eventually(lambda: self.waiting(host) == 0)
        path = "/admin/webhooks/dead-letters"
        letters = self.letters(host, limit=500)
        pages, cursor = [], ""
        while cursor is not None:
            page = host.ok("GET", f"{path}?limit=2{cursor and '&cursor=' + cursor}", host.operator, port=host.admin_port)
            pages += page["dead_letters"]
            cursor = page["next_cursor"]
        self.assertEqual(pages, letters)
        self.assertEqual({letter["last_error"] for letter in letters}, {"the receiver answered 410"})
        self.assertEqual(len(letters), len({letter["event_id"] for letter in letters}))
        self.assertGreaterEqual(len(letters), 6)

        self.assertEqual(host.request("GET", path, host.agent, port=host.admin_port).status, 403)
        self.assertEqual(
            host.request("POST", f"{path}/dead_0/retry", host.operator, port=host.admin_port).status, 404)
        refused["all"] = False
        one = letters[-1]
        back = host.ok("POST", f"{path}/{one['id']}/retry", host.operator, port=host.admin_port)

        self.assertEqual(back, one)
        taken = eventually(lambda: receiver.events)
        self.assertEqual([event["id"] for event in taken], [one["event_id"]])
        self.assertEqual(len(self.letters(host, limit=500)), len(letters) - 1)
        self.assertEqual(
            host.stored("SELECT actor, action, object FROM audit_logs WHERE action = 'event.retry'"),
            [("root", "event.retry", f"dead_letter:{one['id']}")])

    def test_a_trip_is_told_of_before_its_positions_are_to_be_closed(self):
        host, receiver = self.begin(countdown="1s")
        host.put_account("acc", "ann")
        gold = [position(ticket, symbol="XAUUSD", entry_price=1950.5, current_price=1900) for ticket in (1, 2)]
        host.snapshot("acc", at(0), gold, account={"equity": 10000})
        host.snapshot("acc", at(1), gold, account={"equity": 5000})

        changes = eventually(lambda: [
            event["data"] for event in receiver.first()
            if event["event"] == "guard.changed" and event["data"]["change"] in ("tripped", "liquidation")][1:])

        self.assertEqual([change["change"] for change in changes], ["liquidation"])
        self.assertEqual(changes[0]["commands"], 2)
        told = [e for e in receiver.first() if e["event"] == "guard.changed" and e["data"]["change"] != "state"]
        self.assertEqual([e["data"]["change"] for e in told], ["tripped", "liquidation"])
        self.assertEqual(told[0]["data"]["trip_id"], told[1]["data"]["trip_id"])
        created = host.stored("SELECT count(*) FROM close_commands")[0][0]
        self.assertEqual(created, 2)
        self.in_order(receiver.first())

    def test_the_documented_check_refuses_what_was_changed_is_old_or_is_of_another_secret(self):
        host, receiver = self.begin()
        host.put_account("acc", "ann")
        host.snapshot("acc", at(0), [])
        eventually(lambda: receiver.events)
        signature, body = receiver.last

        self.assertTrue(is_from_concord(signature, body, SECRET))
        self.assertFalse(is_from_concord(signature, body.replace(b"acc", b"abc"), SECRET))
        self.assertFalse(is_from_concord(signature, body, SECRET + "."))
        self.assertFalse(is_from_concord(signature, body, SECRET, now=time.time() + 301))
        self.assertFalse(is_from_concord(signature.replace("t=", "t=1"), body, SECRET))

    def test_a_receiver_that_is_away_shows_in_the_metrics_and_secrets_nowhere(self):
        host, receiver = self.begin(listening=False)
        host.put_account("acc", "ann")
        host.snapshot("acc", at(0), [])
        labels = '{subscription="webhook/desk"}'
        eventually(lambda: host.metric(f"events_waiting{labels}") > 0)
        eventually(lambda: host.metric(f"events_oldest_seconds{labels}") > 0)

        shown = host.ok("GET", "/admin/config", host.operator, port=host.admin_port)
        everything = json.dumps(shown) + host.logs() + host.run("config", "show", check=True).stdout

        self.assertNotIn(SECRET, everything)
        self.assertNotIn(f"127.0.0.1:{receiver.port}", everything)


class TwoHosts(WebhookTest):
    def test_two_hosts_deliver_an_account_one_at_a_time_and_one_that_is_killed_leaves_nothing_undelivered(self):
        under_way, overlaps = {}, []

        def answer(event, count):
            # The lock of the receiver is held here: what follows is seen by one thread at a time.
            under_way[event["account_id"]] = under_way.get(event["account_id"], 0) + 1
            if under_way[event["account_id"]] > 1:
                overlaps.append(event["account_id"])
            return 200

        receiver = Receiver(answer, delay=0.02, done=lambda event: under_way.update(
            {event["account_id"]: under_way[event["account_id"]] - 1}))
        self.addCleanup(receiver.stop)
        receiver.start()
        database = Postgres(variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(database.drop)
        # Long enough that no busy machine makes a host try again what the receiver has under way.
        config = CONFIG.format(port=receiver.port, secret=SECRET, attempts=100, countdown="10s").replace(
            "timeout: 1s", "timeout: 5s")
        hosts = []
        for _ in range(2):
            host = Host(config, postgres=database)
            self.addCleanup(host.close)
            hosts.append(host.serve())
        accounts = [f"acc-{number}" for number in range(6)]
        for account in accounts:
            hosts[0].put_account(account, "ann")
        hosts[1].tokens = hosts[0].tokens
        hosts[0].agent

        def store(second):
            for index, account in enumerate(accounts):
                alive = [host for host in hosts if host.process]
                alive[index % len(alive)].snapshot(account, at(second), [], account={"equity": 1000 + second})

        for second in range(6):
            store(second)
        eventually(lambda: len(receiver.events) > 10)
        self.assertEqual(overlaps, [])
        hosts[0].stop(signal.SIGKILL)
        for second in range(6, 10):
            store(second)
        eventually(lambda: self.waiting(hosts[1]) == 0, 120)

        events = receiver.first()
        self.in_order(events)
        for account in accounts:
            numbers = [e["data"]["snapshot_number"] for e in events
                       if e["event"] == "snapshot.stored" and e["account_id"] == account]
            self.assertEqual(numbers, list(range(1, 11)), account)


if __name__ == "__main__":
    unittest.main()
