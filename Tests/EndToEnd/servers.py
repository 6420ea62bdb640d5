"""Servers that tests kill, freeze, fill and start again, and where those are that `scripts/test` has started for all."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time

from harness import ROOT, free_port


def variable(name):
    """What `scripts/servers/* start FOLDER` has printed."""
    value = os.environ.get(name)
    if not value:
        kind = name.split("_")[2].lower()
        raise AssertionError(f"{name} is not set: run scripts/servers/{kind} start FOLDER and export what it prints")
    return value


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
