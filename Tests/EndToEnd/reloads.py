"""Reloads under load, half of them broken on purpose: what `test_reload.py` does twenty times, and the soak two hundred."""

import itertools
import pathlib
import signal

from harness import Host, at, eventually, position
from load import SECRET, Crowd, mint

# What a good file changes, in turn: an answer's time, a limit, the log, a module, a list of modules, and back.
GOOD = [
    "cache: { default_ttl: 3s }\n",
    "limits: { requests_per_minute: 1000001 }\n",
    "log: { level: debug, format: json }\n",
    "queries: [reconciliation, positions, guards: { drawdown: { max: 25% } }]\n",
    "queries: [reconciliation, positions, guards: { market: { price_gap: 6% } }]\ncors: { origins: [https://a.example] }\n",
    "instruments: { GOLD: { digits: 2, pip: 0.1, multiplier: 100, quote_currency: USD } }\n",
    "",
]
# With Redis, its module and the one in front of it are made anew.
GOOD_WITH_REDIS = [*GOOD[:-1], "cache: { prefix: mine_ }\n", GOOD[-1]]
# What is wrong with the others: the text that they get, the status of the answer, and a word of it.
BROKEN = [
    ("queries: [reconciliation\n", 422, "error: "),
    ("serverr: { port: 1 }\n", 422, "did you mean `server`?"),
    ("cache: { default_ttl: soon }\n", 422, "`cache.default_ttl`"),
    ("storage: { use: sqlite, sqlite: { path: elsewhere.db } }\n", 409, " takes a restart to change"),
    # Nothing answers there, so that the module that is made anew cannot start.
    ("cache: { prefix: other_ }\n", 503, "redis does not start"),
]


class Reloads:
    """A host whose file is written and reloaded again and again, by turns by SIGHUP and by an operator."""

    def __init__(self, host, redis=None):
        self.host, self.redis = host, redis
        self.base = host.config.read_text()
        self.good = itertools.cycle(GOOD_WITH_REDIS if redis else GOOD)
        self.broken = itertools.cycle(BROKEN if redis else BROKEN[:-1])
        self.generation, self.failed, self.number = 1, 0, 0

    def post(self, query=""):
        return self.host.request("POST", f"/admin/config/reload{query}", self.host.operator, port=self.host.admin_port)

    def write(self, text):
        """A section of the text stands in place of that of the base; what it says of the cache, beside that."""
        sections = {line.split(":")[0]: line for line in text.splitlines()}
        lines = []
        for line in self.base.splitlines():
            name = line.split(":")[0]
            if name == "cache" and name in sections:
                line = f"{line[:-2]}, {sections.pop(name).partition('{ ')[2]}"
            if name not in sections:
                lines.append(line)
        self.host.config.write_text("\n".join([*lines, *sections.values()]) + "\n")

    def step(self):
        """One reload, every second one broken; the four kinds come in turn."""
        self.number += 1
        by_signal = self.number % 4 in (1, 2)
        if self.number % 2:
            self.succeed(next(self.good), by_signal)
        else:
            self.fail(*next(self.broken), by_signal)

    def succeed(self, text, by_signal):
        self.write(text)
        self.generation += 1
        if by_signal:
            self.host.process.send_signal(signal.SIGHUP)
            eventually(lambda: self.host.metric("config_generation") == self.generation)
        else:
            answer = self.post()
            assert answer.status == 200 and int(answer.json["generation"]) == self.generation, answer

    def fail(self, text, status, word, by_signal):
        self.write(text)
        if status == 503:
            self.redis.signal(signal.SIGSTOP)
        self.failed += 1
        if by_signal:
            self.host.process.send_signal(signal.SIGHUP)
            eventually(lambda: self.host.metric("config_reload_failures_total") == self.failed)
        else:
            answer = self.post()
            assert answer.status == status and word in answer.body, answer
        if status == 503:
            self.redis.signal(signal.SIGCONT)
        assert self.host.metric("config_generation") == self.generation


class Usage:
    """Descriptors, threads and MiB in memory of a host."""

    def __init__(self, host):
        process = pathlib.Path(f"/proc/{host.process.pid}")
        self.descriptors = len(list((process / "fd").iterdir()))
        fields = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        self.threads, self.resident = int(fields["Threads"]), int(fields["VmRSS"].split()[0]) / 1024

    def __repr__(self):
        return f"{self.descriptors} descriptors, {self.threads} threads, {self.resident:.0f} MiB"


def questions(users):
    """Both what is in the cache and what never is: the limit of a page makes each question another."""
    numbers = itertools.count()
    for user in range(users):
        token = mint(f"user-{user}")
        yield "/api/v1/reconciliation/status", token
        yield "/api/v1/positions/open", token
        yield lambda token=token: (f"/api/v1/reconciliation/breaks?limit={next(numbers) % 500 + 1}", token)


def filled(host, users=4):
    for user in range(users):
        host.put_account(f"acc-{user}", f"user-{user}")
        host.snapshot(f"acc-{user}", at(0), [position(n) for n in range(1, 21)])
    return host


def reload_under_load(host, count, redis=None, users=4):
    """So many reloads while clients ask without a pause. What it came to, after everything is as at first again."""
    filled(host, users)
    reloads = Reloads(host, redis)
    host.operator  # Minted before anything is measured.
    with Crowd(host, list(questions(users)), pause=0.001) as crowd:
        for _ in range(2 * len(GOOD_WITH_REDIS)):  # Warm: every kind has been, what is allocated once is allocated.
            reloads.step()
        answered = crowd.answered
        before, usages = Usage(host), []
        for _ in range(count):
            reloads.step()
            # Reloads are not all over before anybody has asked in between.
            asked = crowd.answered
            eventually(lambda: crowd.answered > asked + len(crowd.questions) or crowd.failures)
            usages.append(Usage(host))
        answered = crowd.answered - answered
        after = Usage(host)
    kinds = {kind for course in crowd.courses for kind in course}
    return reloads, Outcome(answered, crowd.failures, kinds, before, after, usages)


class Outcome:
    def __init__(self, answered, failures, kinds, before, after, usages):
        self.answered, self.failures, self.kinds = answered, failures, kinds
        self.before, self.after, self.usages = before, after, usages


def started(redis, extra=""):
    environment = {"JWT_SECRET_KEY": SECRET}
    if redis:
        environment["REDIS_URL"] = redis.url
        extra += "cache: { use: redis, redis: { connect_timeout: 500ms } }\n"
    return Host(extra, environment).serve()
