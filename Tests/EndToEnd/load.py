"""Writes that go on while something breaks, each repeated under its key until it is acknowledged, and what they must leave."""

import threading
import time

from harness import at, position


class Load:
    """A few writers, each with an account of its own, and readers of the same accounts."""

    WRITERS, READERS = 4, 2

    def __init__(self, host, name):
        self.host, self.name = host, name
        self.accounts = [f"{name}-{n}" for n in range(self.WRITERS)]
        # By account: the run of each snapshot that was acknowledged, by its number.
        self.acknowledged = {account: {} for account in self.accounts}
        self.statuses, self.unexpected = {}, []
        self.stopping, self.lock = threading.Event(), threading.Lock()
        for account in self.accounts:
            host.put_account(account, f"owner-of-{account}")
            host.token(f"owner-of-{account}")  # Minted before threads ask for it.
        host.agent, host.operator
        self.threads = [threading.Thread(target=self.write, args=(account,)) for account in self.accounts]
        self.threads += [threading.Thread(target=self.read, args=(self.accounts[n],)) for n in range(self.READERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.patience = time.monotonic() + 20
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def write(self, account):
        number = 0
        while not self.stopping.is_set():
            self.deliver(account, number)
            number += 1

    def deliver(self, account, number):
        """Until it is acknowledged; the load may be over meanwhile, but what broke has been mended then."""
        body = {"account_id": account, "as_of": at(number), "completeness": "complete",
                "positions": [position(1, current_price=f"1.1{number % 1000:04d}"), position(2)]}
        while True:
            answer = self.ask("POST", "/api/v1/snapshots", self.host.agent, body,
                              headers={"Idempotency-Key": f"{account}-{number}"})
            if answer and answer.status == 200:
                self.acknowledged[account][number] = answer.json["run_id"]
                seen = self.ask("GET", "/api/v1/reconciliation/status", self.host.token(f"owner-of-{account}"))
                if seen and seen.status == 200 and "stale" not in seen.headers.get("cache-status", "") \
                        and "hit" not in seen.headers.get("cache-status", "") and int(seen.json["total_syncs"]) != number + 1:
                    self.fail(f"{account}: wrote {number + 1} snapshots and read {seen.json['total_syncs']}")
                return
            if self.stopping.is_set() and time.monotonic() > self.patience:
                return self.fail(f"{account}: snapshot {number} is never taken: {answer}")
            time.sleep(0.05)

    def read(self, account):
        while not self.stopping.is_set():
            self.ask("GET", "/api/v1/positions/open", self.host.token(f"owner-of-{account}"))
            time.sleep(0.01)

    def ask(self, method, path, token, body=None, headers=None):
        try:
            answer = self.host.request(method, path, token, body, headers)
        except OSError as error:
            self.fail(f"{method} {path}: {error!r}")
            return None
        with self.lock:
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            if answer.status not in (200, 503) or (answer.status == 503 and "retry-after" not in answer.headers):
                self.unexpected.append((method, path, answer))
        return answer

    def fail(self, what):
        with self.lock:
            self.unexpected.append(what)

    @property
    def total(self):
        return sum(len(numbers) for numbers in self.acknowledged.values())

    def check(self, test):
        """Nothing but 200 and 503 was answered, and what is stored is what was acknowledged, once each, and whole."""
        test.assertEqual(self.unexpected[:3], [])
        stored = {account: {} for account in self.accounts}
        for account, sequence, run in self.host.stored(
                "SELECT s.account_id, s.sequence, r.run_id FROM snapshots s JOIN runs r ON r.snapshot_id = s.snapshot_id "
                f"WHERE s.account_id LIKE '{self.name}-%' ORDER BY s.sequence"):
            test.assertNotIn(sequence - 1, stored[account])
            stored[account][sequence - 1] = run
        test.assertEqual(stored, self.acknowledged)
        for table, condition in [("snapshots", "account_id"), ("runs", "account_id"), ("idempotency_keys", "key"),
                                 ("reconciliation_logs WHERE kind = 'sync' AND 1 = 1", "account_id")]:
            joint = "AND" if "WHERE" in table else "WHERE"
            ((count,),) = self.host.stored(
                f"SELECT count(*) AS total FROM {table} {joint} {condition} LIKE '{self.name}-%'")
            test.assertEqual(count, self.total, table)
