"""Very many connections that ask one path at a steady pace, in a process of their own."""

import collections
import multiprocessing
import os
import select
import socket
import time


class Flood:
    """What a bench holds of that process."""

    def __init__(self, port, token, module, connections, rate, is_lasting=True):
        """`rate` is how many requests a second begin. With `is_lasting` a load begins when the flood has come; otherwise it comes a little
        into the load."""
        self.module, (self.pipe, theirs) = module, multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=lambda: Crowd(port, token, module, connections, rate, is_lasting, theirs).run(), daemon=True)
        self.process.start()
        # Its end is seen here then.
        theirs.close()
        self.told("open")

    def begin(self, name):
        """The module is asked steadily and, when it is the one that is named, once on every connection at once. `None` asks nothing; the
        connections stay open."""
        self.pipe.send({None: "rest", self.module: "flood"}.get(name, "calm"))
        self.told("steady")

    def end(self):
        """Asks no more, and waits for what is asked. The answers by their status, how many waited at least and at most, and in how many
        seconds all asked at once."""
        self.pipe.send(None)
        return self.told("answers")

    def close(self):
        self.process.terminate()
        self.process.join()

    def told(self, what):
        if not self.pipe.poll(180):
            raise SystemExit(f"bench: the flood is not {what}")
        try:
            return self.pipe.recv()
        except EOFError:
            raise SystemExit("bench: the flood has ended by itself") from None


class Crowd:
    """The connections, by their descriptors."""

    # Seconds from the moment when all have asked until the load is steady.
    SETTLING = 2
    # Seconds of load before all ask at once.
    LEAD = 3
    KEEPING_PER_SECOND = 2_000

    def __init__(self, port, token, module, connections, rate, is_lasting, pipe):
        self.port, self.rate, self.is_lasting, self.pipe = port, rate, is_lasting, pipe
        self.text = f"GET /api/v1/{module} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        self.events, self.sockets = select.epoll(), {}
        self.idle, self.asking, self.answers, self.waiting = collections.deque(), None, collections.Counter(), []
        for _ in range(connections):
            self.connect()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.setblocking(False)
        self.sockets[connection.fileno()] = connection
        self.events.register(connection.fileno(), select.EPOLLIN)
        self.idle.append(connection.fileno())

    def run(self):
        # It stands for clients on other machines, which take no time of the readers' and the host's: sched(7), SCHED_IDLE.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        self.events.register(self.pipe.fileno(), select.EPOLLIN)
        self.pipe.send("open")
        while True:
            what = self.pipe.recv()
            self.answers, self.waiting, self.moment = collections.Counter(), [], 0
            if what == "rest":
                self.stay()
            else:
                self.ask_steadily(is_flood=what == "flood")
            self.rest()
            answers = dict(self.answers)
            self.keep_alive()
            self.pipe.send((answers, min(self.waiting, default=0), max(self.waiting, default=0), self.moment))

    def ask_steadily(self, is_flood):
        """Until told to stop."""
        now = time.monotonic()
        if is_flood and self.is_lasting:
            self.ask_all()
        # A flood that comes once comes into the load.
        flood = now + self.LEAD if is_flood and not self.is_lasting else None
        settled, is_told, last, owed = now + self.SETTLING if self.is_lasting else now, False, now, 0
        while not self.read(0.001):
            now = time.monotonic()
            owed = min(owed + (now - last) * self.rate, self.rate / 10)
            last = now
            owed -= self.ask(int(owed))
            if flood and now > flood:
                flood = self.ask_all()
            if is_told:
                self.waiting.append(len(self.sockets) - len(self.idle))
            elif now > settled:
                self.pipe.send("steady")
                is_told = True
        self.pipe.recv()
        if flood:
            raise SystemExit("bench: a load is shorter than what comes before a flood")

    def ask_all(self):
        """Those that wait for an answer already ask no second time."""
        begin = time.monotonic()
        self.ask(len(self.idle))
        self.moment = time.monotonic() - begin

    def stay(self):
        """Asks nothing until told to stop."""
        self.pipe.send("steady")
        while not self.read(1):
            pass
        self.pipe.recv()

    def ask(self, count):
        count = min(count, len(self.idle))
        for _ in range(count):
            self.sockets[self.idle.popleft()].sendall(self.text)
        return count

    def rest(self):
        end = time.monotonic() + 60
        while len(self.idle) < len(self.sockets) and time.monotonic() < end:
            self.read(0.1)

    def keep_alive(self):
        """Asks once on each connection, evenly, when nothing is measured: the host closes those that are idle for a minute."""
        begin = time.monotonic()
        for number in range(0 if self.is_lasting else len(self.sockets)):
            self.ask(1)
            while (early := begin + number / self.KEEPING_PER_SECOND - time.monotonic()) > 0:
                self.read(early)
        self.rest()

    def read(self, patience):
        """What has been answered. Returns whether somebody speaks on the pipe."""
        is_called = False
        for descriptor, _ in self.events.poll(patience):
            if descriptor == self.pipe.fileno():
                is_called = True
                continue
            text = self.sockets[descriptor].recv(65_536)
            if text:
                # Small enough to come in one piece.
                self.answers[text[9:12].decode()] += 1
                self.idle.append(descriptor)
            else:
                self.sockets.pop(descriptor).close()
                self.idle = collections.deque(number for number in self.idle if number != descriptor)
                self.answers["closed"] += 1
                self.connect()
        return is_called
