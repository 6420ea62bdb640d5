"""The built-in read path alone, beside a module that is asked and behaves, and beside one that is asked as often and misbehaves."""

import contextlib
import http.client
import pathlib
import shutil
import socket
import statistics
import threading
import time

from book import Book
from contenders import Concord
from plugins import compiled, digest
from scene import backends, directory, started
from wrk import Load

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "Isolation" / "Misbehaving.swift"
# By whom a neighbour is asked: so many callers, each so often a second.
CALLERS, CALLS_PER_SECOND = 8, 10
# Calls at once, each on a connection of its own.
FLOOD = 2_000
BEHAVIOURS = ["throws", "hangs", "returns_1_gb", "is_flooded"]


def isolation(options, stack):
    """Blocks of load in turns, in another order each round."""
    book = Book(options.users, options.positions)
    concord = host(options, stack, book)
    tokens = book.tokens()
    load = Load.of(tokens, directory(stack), options, options.hit_share)
    load.block(concord, 2)
    print(f"{options.connections} connections read open positions; p99 in ms, medians of {options.rounds} rounds\n")
    print("| the neighbour | p99 beside it | beside one that behaves | ratio | alone | ratio | its answers |")
    print("|---|---|---|---|---|---|---|")
    for behaviour in BEHAVIOURS:
        with contextlib.ExitStack() as own:
            many = Flood(concord, tokens[0], own) if behaviour == "is_flooded" else None
            names, answers = [behaviour, "calm", None], {}
            figures = {name: [] for name in names}
            for turn in range(options.rounds):
                for name in names[turn % 3:] + names[:turn % 3]:
                    neighbour = many or Callers(concord, tokens[0])
                    neighbour.begin(name)
                    figures[name].append(load.block(concord, options.duration).p99)
                    found = neighbour.end()
                    if name == behaviour:
                        for status, count in found.items():
                            answers[status] = answers.get(status, 0) + count
        wild, calm, alone = (statistics.median(figures[name]) for name in names)
        told = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
        print(f"| {behaviour.replace('_', ' ')} | {wild:.2f} | {calm:.2f} | {wild / calm:.2f} | {alone:.2f} "
              f"| {wild / alone:.2f} | {told} |", flush=True)


def host(options, stack, book):
    cache, postgres = backends(options, stack)
    concord = Concord(cache, postgres.url if postgres else "sqlite")
    folder = concord.host.path / "modules"
    folder.mkdir(mode=0o755)
    items = []
    for behaviour in ["calm", *BEHAVIOURS]:
        library = compiled("Misbehaving", SOURCE.read_text().replace("BEHAVIOUR", behaviour))
        file = folder / f"{behaviour}.so"
        shutil.copy(library, file)
        items.append(f"{{ id: {behaviour}, file: {file.name}, sha256: {digest(file)} }}")
    # As shipped, but for a gigabyte: two at a time, so that a small machine has room for them.
    own = "returns_1_gb: { calls: 2 }, hangs: { deadline: 1s }"
    concord.host.config.write_text(
        concord.host.config.read_text()
        + f"modules: {{ directory: {folder}, traps: {concord.host.path}/traps, limits: {{ of: {{ {own} }} }},\n"
        + f"  dynamic: [{', '.join(items)}] }}\n")
    started(stack, concord)
    book.send(concord.port)
    return concord


class Callers:
    """Ask a neighbour at a steady pace until they are told to stop."""

    def __init__(self, concord, token):
        self.port, self.token, self.answers = concord.port, token, {}
        self.stopping, self.lock = threading.Event(), threading.Lock()

    def begin(self, name):
        count = CALLERS if name else 0
        self.threads = [threading.Thread(target=self.ask, args=(name,), daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(40)
        return self.answers

    def ask(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            begun = time.monotonic()
            connection.request("GET", f"/api/v1/{name}", headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            answer.read()
            with self.lock:
                self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
            self.stopping.wait(max(0, 1 / CALLS_PER_SECOND - (time.monotonic() - begun)))
        connection.close()


class Flood:
    """Asks a neighbour over very many connections at once, as a block begins."""

    def __init__(self, concord, token, stack):
        self.token, self.sockets = token, []
        for _ in range(FLOOD):
            connection = socket.create_connection(("127.0.0.1", concord.port), timeout=60)
            stack.callback(connection.close)
            self.sockets.append(connection)

    def begin(self, name):
        self.is_asked = name is not None
        request = f"GET /api/v1/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()
        for connection in self.sockets if self.is_asked else []:
            connection.sendall(request)

    def end(self):
        answers = {}
        for connection in self.sockets if self.is_asked else []:
            status = connection.recv(65_536).decode(errors="replace").partition(" ")[2][:3]
            answers[status] = answers.get(status, 0) + 1
        return answers
