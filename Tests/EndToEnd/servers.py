"""Servers that tests kill, freeze, fill and start again, and where those are that `scripts/test` has started for all."""

import asyncio
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

from harness import ROOT, free_port


def variable(name):
    """What `scripts/servers/* start FOLDER` has printed."""
    value = os.environ.get(name)
    if not value:
        kind = name.split("_")[2].lower()
        raise AssertionError(f"{name} is not set: run scripts/servers/{kind} start FOLDER and export what it prints")
    return value


class PostgresServer:
    """The plain server of `scripts/servers/postgres`, one of a test's own, which it may kill, freeze and fill."""

    SCRIPT = ROOT / "scripts" / "servers" / "postgres"

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="concord-postgres-")
        os.chmod(self.directory.name, 0o755)
        self.folder = pathlib.Path(self.directory.name) / "servers"
        # Small segments of the log, so that a limit which stops tables does not stop the log.
        printed = self.script("start", INITDB_OPTIONS="--wal-segsize=1")
        self.url = dict(line.split("=", 1) for line in printed.splitlines())["CONCORD_TEST_POSTGRES_URL"]
        self.data = self.folder / "plain"

    def script(self, verb, **environment):
        # Its output into a file: a server that is started inherits it, and would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            subprocess.run([self.SCRIPT, verb, self.folder], check=True, stdout=output, stderr=subprocess.DEVNULL,
                           env={**os.environ, **environment}, timeout=120)
            output.seek(0)
            return output.read()

    def processes(self):
        """The first one, then those it has started."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        children = [int(path.parent.name) for path in pathlib.Path("/proc").glob("[0-9]*/stat") if parent(path) == first]
        return [first, *children]

    def signal(self, number):
        for process in self.processes():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """All of it at once, as when the machine goes."""
        processes = self.processes()
        self.signal(signal.SIGKILL)
        end = time.monotonic() + 10
        while any(alive(process) for process in processes):
            if time.monotonic() > end:
                raise AssertionError("the server is still there")
            time.sleep(0.01)

    def start(self):
        self.script("crash")

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def limit_files(self, size):
        """No file of it can grow beyond so many bytes, as if its disk, or its share of it, were full. `None`: no limit."""
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        for process in self.processes():
            subprocess.run([*command, "prlimit", "--pid", str(process), f"--fsize={size or 'unlimited'}:unlimited"],
                           check=alive(process), capture_output=True)

    def largest_file(self):
        return max(path.stat().st_size for path in self.data.rglob("*") if path.is_file())

    def close(self):
        try:
            self.thaw()
        except OSError:
            pass
        self.script("stop")
        self.directory.cleanup()


def parent(stat):
    """The process that has started one, by its file in /proc; 0 when it has gone."""
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def alive(process):
    """Whether a process does anything yet; one that nobody has buried does not."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Redis:
    """A server that keeps nothing, on one port for its whole life."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="concord-redis-")
        os.chmod(self.directory.name, 0o755)
        self.port = free_port()
        self.url = f"redis://tester:secret@127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        config = pathlib.Path(self.directory.name) / "redis.conf"
        config.write_text(
            f'bind 127.0.0.1\nport {self.port}\nsave ""\nuser default off\nuser tester on >secret ~* &* +@all\n'
        )
        command = ["redis-server", str(config)]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while self.tell("PING") != "PONG":
            if time.monotonic() > end:
                raise AssertionError("redis-server does not answer")
            time.sleep(0.02)
        return self

    def tell(self, *words):
        result = subprocess.run(
            ["redis-cli", "-u", self.url, "--no-auth-warning", *words], capture_output=True, text=True, timeout=10)
        return result.stdout.strip()

    def signal(self, number):
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(10)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.directory.cleanup()


class SlowRoad:
    """Carries bytes to a server on this machine at once and its answers back after `delay` seconds, on a thread of its own."""

    def __init__(self, to):
        self.to, self.delay = to, 0
        self.loop, self.tasks = asyncio.new_event_loop(), set()
        self.port = free_port()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self.carry, "127.0.0.1", self.port), self.loop).result(10)

    async def carry(self, reader, writer):
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            return writer.close()
        way = [asyncio.create_task(self.pass_on(reader, back)), asyncio.create_task(self.hold_up(there, writer))]
        self.tasks.update(way)
        await asyncio.wait(way, return_when=asyncio.FIRST_COMPLETED)
        back.close()
        writer.close()

    async def pass_on(self, reader, writer):
        while data := await reader.read(65_536):
            writer.write(data)

    async def hold_up(self, reader, writer):
        """Each piece is as late as the others, what comes at once is not spread out, and none overtakes another."""
        due = 0
        while data := await reader.read(65_536):
            due = max(due + 1e-6, self.loop.time() + self.delay)
            self.loop.call_at(due, writer.write, data)
        await asyncio.sleep(max(0, due - self.loop.time()))

    def close(self):
        def end():
            for task in self.tasks:
                task.cancel()
            self.loop.call_soon(self.loop.stop)

        self.loop.call_soon_threadsafe(end)
        self.thread.join(10)
        self.loop.close()
