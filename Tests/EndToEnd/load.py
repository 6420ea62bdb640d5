"""Load while something breaks: writes repeated until they are acknowledged, and a crowd of clients that read."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time

from harness import Answer, at, position

SECRET = "a-secret-of-forty-characters-for-tests-only"


def mint(user, role="user", **claims):
    """A token of a host whose JWT_SECRET_KEY is SECRET: a crowd is minted faster here than by as many commands."""
    now = int(time.time())
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": user, "role": role, "iat": now, "exp": now + 3600, **claims}]
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    text = b".".join(encode(json.dumps(part).encode()) for part in parts)
    return (text + b"." + encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest())).decode()


class Crowd:
    """Clients with a connection each, on a thread of their own.

    Each asks one question, a path and a token, or what a function answers each time."""

    def __init__(self, host, questions, pause=0.1):
        self.host, self.questions, self.pause = host, questions, pause
        self.stopping, self.answered = threading.Event(), 0
        # What went wrong; what each client was answered, as often as it changed; how long it took.
        self.failures, self.courses, self.seconds = [], [[] for _ in questions], []
        self.latest = [None] * len(questions)

    # Again and again

    def __enter__(self):
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    async def run(self):
        await asyncio.gather(*(self.stay(number) for number in range(len(self.questions))))

    async def stay(self, number):
        try:
            streams = await self.connect()
            while not self.stopping.is_set():
                question = self.questions[number]
                question = question() if callable(question) else question
                begun = time.monotonic()
                answer = await self.ask(streams, *question)
                self.seconds.append(time.monotonic() - begun)
                self.answered += 1
                self.latest[number] = answer
                kind = kind_of(answer)
                if self.courses[number][-1:] != [kind]:
                    self.courses[number].append(kind)
                await asyncio.sleep(self.pause)
            streams[1].close()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.failures.append((self.questions[number], repr(error)))

    def go_on(self, test, answers=None):
        """Until everybody has been answered a few times more."""
        reached = self.answered + (answers or 5 * len(self.questions))
        end = time.monotonic() + 60
        while self.answered < reached:
            test.assertLess(time.monotonic(), end, f"{self.answered} answers, {self.failures[:3]}")
            time.sleep(0.02)

    # Once, all together

    def ask_once(self):
        """All questions, each on a connection that stood before any of them was asked."""
        async def all_of_them():
            streams = await asyncio.gather(*(self.connect() for _ in self.questions))
            answers = await asyncio.gather(
                *(self.ask(pair, *question) for pair, question in zip(streams, self.questions)))
            for _, writer in streams:
                writer.close()
            return answers

        return asyncio.run(all_of_them())

    # Bytes

    async def connect(self):
        return await asyncio.open_connection("127.0.0.1", self.host.port)

    async def ask(self, streams, path, token):
        reader, writer = streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(lines[0].split()[1]), headers, body.decode())


def kind_of(answer):
    """`fresh`, `stale` or `refused`; anything else by its status."""
    if answer.status == 503 and "retry-after" in answer.headers:
        return "refused"
    if answer.status != 200:
        return str(answer.status)
    return "stale" if "stale-if-error" in answer.headers["cache-status"] else "fresh"


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
