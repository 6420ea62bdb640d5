"""Runs Concord as its users do: real processes, real sockets, a database of its own per test class."""

import concurrent.futures
import contextlib
import copy
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "statements"
BINARY = os.environ.get("CONCORD_BINARY") or str(
    ROOT / os.environ.get("CONCORD_RELEASE_SCRATCH", ".build-release") / "release" / "concord"
)
OPEN_STATEMENT = SHARED / "mt4-open-positions.htm"
CLOSED_STATEMENT = SHARED / "mt4-closed-history.htm"
# With the URL of a PostgreSQL server every host has a database of its own there instead of a file.
POSTGRES_URL = os.environ.get("CONCORD_E2E_POSTGRES_URL")
SERVER_TIME_ZONE = "America/New_York+07:00"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A database of its own on a server."""

    def __init__(self, server):
        self.server = server
        self.name = f"e2e_{uuid.uuid4().hex}"
        self.psql(server, f"CREATE DATABASE {self.name}")
        self.url = server.rsplit("/", 1)[0] + "/" + self.name

    def cut(self):
        """Ends every connection."""
        self.psql(self.server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")

    def rows(self, statement):
        text = self.psql(self.url, f"SELECT coalesce(json_agg(q), '[]') FROM ({statement}) AS q")
        return [tuple(row.values()) for row in json.loads(text)]

    def value(self, statement):
        return self.psql(self.url, statement).strip()

    def session(self):
        return Session(self.url)

    def drop(self):
        self.psql(self.server, f"DROP DATABASE {self.name} WITH (FORCE)")

    @staticmethod
    def psql(url, statement):
        result = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement],
                                capture_output=True, text=True, timeout=60)
        if result.returncode != 0:
            raise AssertionError(f"{statement}: {result.stderr}")
        return result.stdout


class Session:
    """A client that stays, for what somebody holds."""

    def __init__(self, url):
        self.process = subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def tell(self, statement):
        """What it prints, once it is done."""
        self.process.stdin.write(f"{statement};\n\\echo done\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != "done":
            if self.process.poll() is not None:
                raise AssertionError(f"{statement}: {lines}")
            lines.append(line)
        return lines

    def close(self):
        self.process.kill()
        self.process.communicate()


class Number(str):
    """A JSON number as it was written, so that digits can be compared."""

    def __eq__(self, other):
        return str.__eq__(self, str(other))

    __hash__ = str.__hash__


def parse(text):
    return json.loads(text, parse_float=Number, parse_int=Number)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return parse(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Host:
    """One configuration directory and the processes run on it.

    `postgres` is the URL of a server, for a database of its own there, or a `Postgres` that several hosts share.
    """

    def __init__(self, extra="", environment=None, postgres=POSTGRES_URL, binary=None):
        self.binary = binary or BINARY
        self.directory = tempfile.TemporaryDirectory(prefix="concord-e2e-")
        self.path = pathlib.Path(self.directory.name)
        self.port, self.admin_port = free_port(), free_port()
        self.own_database = Postgres(postgres) if isinstance(postgres, str) else None
        self.postgres = self.own_database or postgres
        storage = (f"use: postgres, postgres: {{ url: '{self.postgres.url}' }}" if self.postgres
                   else f"use: sqlite, sqlite: {{ path: {self.path}/concord.db }}")
        self.config = self.path / "concord.yaml"
        self.config.write_text(
            f"server: {{ host: 127.0.0.1, port: {self.port} }}\n"
            f"admin: {{ host: 127.0.0.1, port: {self.admin_port} }}\n"
            f"storage: {{ {storage} }}\n"
            "limits: { requests_per_minute: 1000000, agent_requests_per_minute: 1000000, "
            "failed_auth_per_minute: 1000000 }\n"
            "log: { level: warning, format: json }\n" + extra
        )
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith("CONCORD")}, **(environment or {})}
        if self.postgres:
            self.environment.setdefault("JWT_SECRET_KEY", "a-secret-of-forty-characters-for-tests-only")
        self.process = None
        self.tokens = {}

    # Processes

    def run(self, *arguments, check=False, input=None, environment=None):
        result = subprocess.run(
            [self.binary, *arguments, "--config", str(self.config)],
            capture_output=True, text=True, input=input, cwd=ROOT, env=environment or self.environment, timeout=120,
        )
        if check and result.returncode != 0:
            raise AssertionError(f"{arguments}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result

    def serve(self, *arguments, until="/api/v1/ready", stderr=None):
        """`stderr` is where the log goes; `None` is for the file that `logs` reads."""
        self.log = open(self.path / "serve.log", "a+")
        self.process = subprocess.Popen(
            [self.binary, "serve", "--config", str(self.config), *arguments],
            stdout=self.log, stderr=self.log if stderr is None else stderr, cwd=ROOT, env=self.environment,
        )
        self.wait_until_ready(path=until)
        return self

    def wait_until_ready(self, seconds=30, path="/api/v1/ready"):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"serve ended with {self.process.returncode}:\n{self.logs()}")
            try:
                if self.request("GET", path).status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready after {seconds} s:\n{self.logs()}")

    def logs(self):
        return (self.path / "serve.log").read_text()

    def stop(self, sign=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sign)
            self.process.wait(15)
        code = self.process.returncode if self.process else None
        self.process = None
        return code

    def close(self):
        self.stop(signal.SIGKILL)
        if getattr(self, "log", None):
            self.log.close()
        self.directory.cleanup()
        if self.own_database:
            self.own_database.drop()

    def stored(self, statement):
        """Rows as they are stored, for what no answer tells."""
        if self.postgres:
            return self.postgres.rows(statement)
        # Closed at once: an open connection keeps others from the whole of the file.
        with contextlib.closing(sqlite3.connect(f"file:{self.path}/concord.db?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()

    # Tokens and requests

    def token(self, user, role="user", accounts=(), everything=False):
        key = (user, role, tuple(accounts), everything)
        if key not in self.tokens:
            arguments = ["token", "mint", "--user", user, "--role", role]
            for account in accounts:
                arguments += ["--account", account]
            if everything:
                arguments.append("--all-accounts")
            self.tokens[key] = self.run(*arguments, check=True).stdout.strip()
        return self.tokens[key]

    @property
    def agent(self):
        return self.token("bot", "agent", everything=True)

    @property
    def operator(self):
        return self.token("root", "operator")

    def request(self, method, path, token=None, body=None, headers=None, port=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        try:
            fields = dict(headers or {})
            if token:
                fields.setdefault("Authorization", f"Bearer {token}")
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            if body is not None:
                fields.setdefault("Content-Type", "application/json")
                body = body.encode() if isinstance(body, str) else body
            connection.request(method, path, body=body, headers=fields)
            response = connection.getresponse()
            return Answer(response.status, dict((k.lower(), v) for k, v in response.getheaders()),
                          response.read().decode())
        finally:
            connection.close()

    def get(self, path, token):
        return self.request("GET", path, token)

    def ok(self, method, path, token, body=None, **options):
        answer = self.request(method, path, token, body, **options)
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer}")
        return answer.json

    def put_account(self, account, user, **fields):
        body = {"user_id": user, "currency": "USD", "snapshot_interval": "manual", **fields}
        return self.ok("PUT", f"/api/v1/accounts/{account}", self.operator, body)

    def snapshot(self, identifier, as_of, positions, **fields):
        body = {"account_id": identifier, "as_of": as_of, "completeness": "complete", "positions": positions, **fields}
        return self.ok("POST", "/api/v1/snapshots", self.agent, body)

    def metric(self, name):
        """The sum of every series whose line begins so."""
        lines = self.request("GET", "/metrics").body.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def breaks(self, account, **query):
        text = "&".join(f"{k}={v}" for k, v in {"account_id": account, "limit": 500, **query}.items())
        return self.ok("GET", f"/api/v1/reconciliation/breaks?{text}", self.operator)["breaks"]


class ConcordTest(unittest.TestCase):
    """A test class with a host of its own that serves from the first test to the last."""

    extra = ""

    @classmethod
    def setUpClass(cls):
        cls.host = Host(cls.extra)
        cls.addClassCleanup(cls.host.close)
        cls.host.serve()

    maxDiff = None


def position(ticket=1, **fields):
    """A position every field of which is good."""
    return {
        "ticket": ticket, "symbol": "EURUSD", "direction": "buy", "volume": 0.10, "entry_price": 1.10000,
        "entry_time": "2026-01-05T09:00:00Z", "current_price": 1.10100, "profit": 10.00, "swap": 0, "commission": 0,
        "taxes": 0, **fields,
    }


def trade(identifier="t-1", account="acc", **fields):
    """A trade that equals `position()`."""
    return {
        "trade_id": identifier, "account_id": account, "symbol": "EURUSD", "direction": "buy", "volume": 0.10,
        "entry_price": 1.10000, "entry_time": "2026-01-05T09:00:00Z", "status": "open", **fields,
    }


def at(second):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1767607200 + second))


def eventually(look, seconds=30):
    """The first answer of `look` that is something; a host works on its own clock, so a test has to ask again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing after {seconds} s")


def in_parallel(count, action):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: action(), range(count)))
