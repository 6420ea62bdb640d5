"""Users with an account each, sent over HTTP as clients send them."""

import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import threading
import time

from harness import at, position

SECRET = "a-secret-of-forty-characters-for-benchmarks"
CURRENT, CLOSED = "/api/v1/positions/open", "/api/v1/positions/closed?from="
# Seconds until an answer to the first of them is surely out of date: its time to live and the jitter.
FRESH = 5.6


def token(subject, role="user", **claims):
    """What `concord token mint` prints, made here because a process for each of many users would take minutes."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    now = int(time.time())
    content = {"sub": subject, "role": role, "iat": now, "exp": now + 86_400, **claims}
    text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(content).encode())
    return text + "." + part(hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256))


class Book:
    """Accounts named 1, 2, 3 …, each a user's own, all with as many open positions."""

    CLIENTS = 16

    def __init__(self, users, positions, closed=False):
        """With `closed`, each account has as many closed positions as it has open ones."""
        self.users, self.positions, self.closed = users, positions, closed
        self.local = threading.local()

    def tokens(self):
        return [token(f"user-{number}") for number in range(1, self.users + 1)]

    def send(self, port):
        """Everything into the host at a port."""
        self.operator, self.agent = token("desk", "operator"), token("bot", "agent", accounts=["*"])
        self.each(lambda number: self.send_account(port, number), range(1, self.users + 1))

    def ask(self, port, path, tokens):
        """The same question once with each token."""
        self.each(lambda bearer: self.tell(port, "GET", path, bearer), tokens)

    def each(self, action, values):
        with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
            for _ in pool.map(action, values):
                pass

    def send_account(self, port, number):
        fields = {"user_id": f"user-{number}", "currency": "USD", "snapshot_interval": "manual"}
        self.tell(port, "PUT", f"/api/v1/accounts/{number}", self.operator, fields)
        if self.closed:
            self.tell(port, "POST", "/api/v1/snapshots", self.agent, self.snapshot(number, 0, 1001))
        self.tell(port, "POST", "/api/v1/snapshots", self.agent, self.snapshot(number, 1, 1))

    def snapshot(self, number, second, first):
        return {"account_id": str(number), "as_of": at(second), "completeness": "complete",
                "positions": [position(ticket) for ticket in range(first, first + self.positions)]}

    def tell(self, port, method, path, bearer, body=None):
        connection = getattr(self.local, "connection", None)
        if not connection:
            connection = self.local.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        fields = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
        while True:
            connection.request(method, path, body and json.dumps(body), fields)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status == 200:
                return
            # Not now, which a busy machine makes of what takes too long; the same content twice changes nothing.
            if answer.status != 503:
                raise SystemExit(f"bench: {method} {path}: {answer.status} {text.decode()}")
            time.sleep(0.1)
