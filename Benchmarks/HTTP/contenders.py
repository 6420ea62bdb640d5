"""The servers under load: Concord, and those that answer the same bytes without any of its work."""

import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from book import SECRET
from harness import BINARY, Host, free_port

TICK = os.sysconf("SC_CLK_TCK")


def program(name):
    """The path of a program that Debian may keep out of the user's way."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")


def fetch(port, path, token):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: GET {path} on port {port}: {answer.status} {body.decode()}")
        return answer.getheaders(), body
    finally:
        connection.close()


class Contender:
    """A process, or one with children that work for it, and what it has taken."""

    process = None

    def processes(self):
        first = self.process.pid
        children = pathlib.Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def processor_seconds(self):
        """Time in its own code and in the kernel's on its behalf."""
        return sum(self.ticks(process) for process in self.processes()) / TICK

    @staticmethod
    def ticks(process):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def memory(self, name):
        """A figure of /proc/PID/status in bytes: VmHWM is the peak of what is in RAM, VmRSS what is there now."""
        total = 0
        for process in self.processes():
            for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith(name + ":"):
                    total += int(line.split()[1]) * 1024
        return total

    def wait(self, path, token, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"bench: {self.name} ended with {self.process.returncode}")
            try:
                return fetch(self.port, path, token)
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"bench: {self.name} does not answer")

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Concord(Contender):
    """Log, metrics and limits as shipped, but for rates that no load reaches."""

    name = "Concord"

    def __init__(self, cache, storage, environment=None):
        """`cache` is `memory`, `none` or a URL of Redis; `storage` is `sqlite` or a URL of PostgreSQL."""
        use = cache if cache in ("memory", "none") else f"redis, redis: {{ url: '{cache}' }}"
        self.host = Host(f"cache: {{ use: {use} }}\n", {
            "JWT_SECRET_KEY": SECRET, "CONCORD__LOG__LEVEL": "info",
            "CONCORD__LIMITS__REQUESTS_PER_MINUTE": "1000000000",
            "CONCORD__LIMITS__AGENT_REQUESTS_PER_MINUTE": "1000000000", **(environment or {})},
            postgres=None if storage == "sqlite" else storage)
        self.port = self.host.port

    def start(self):
        begin = time.monotonic()
        self.host.serve()
        self.process, self.start_seconds = self.host.process, time.monotonic() - begin
        return self

    def restart(self):
        """On what it has stored. Returns the seconds until it was ready."""
        self.host.stop()
        return self.start().start_seconds

    def counters(self):
        """Every series by its line's beginning."""
        lines = self.host.request("GET", "/metrics").body.splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def close(self):
        self.host.close()


class Standing(Contender):
    """A server started with an answer of Concord's, to give to everybody."""

    def __init__(self, name, headers, body):
        self.name, self.headers, self.body = name, headers, body
        self.directory = tempfile.TemporaryDirectory(prefix="concord-bench-")
        self.path = pathlib.Path(self.directory.name)
        self.port = free_port()

    def close(self):
        super().close()
        self.directory.cleanup()


class SwiftServer(Standing):
    """One of the two programs beside this file."""

    def __init__(self, name, product, headers, body, environment=None):
        super().__init__(name, headers, body)
        self.product, self.environment = product, environment or {}

    def start(self):
        (self.path / "headers").write_text("".join(f"{name}: {value}\n" for name, value in self.headers))
        (self.path / "body").write_bytes(self.body)
        program = pathlib.Path(BINARY).with_name(self.product)
        self.process = subprocess.Popen(
            [str(program), str(self.port), str(self.path / "headers"), str(self.path / "body")],
            env={**os.environ, "LOG_LEVEL": "warning", **self.environment})
        return self


class Nginx(Standing):
    """nginx with the body as a file, as it is set up for small files that do not change: kept open, sent from the kernel."""

    # Those it makes itself for a file.
    OWN_HEADERS = {"content-type", "etag", "last-modified", "date", "content-length"}

    def __init__(self, headers, body, paths):
        super().__init__("nginx", headers, body)
        self.paths = paths

    def start(self):
        for path in self.paths:
            place = self.path / "files" / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(self.body)
        (self.path / "nginx.conf").write_text(self.configuration())
        command = [program("nginx"), "-p", str(self.path), "-c", str(self.path / "nginx.conf"), "-e", str(self.path / "error.log")]
        self.path.chmod(0o755)
        if os.getuid() == 0:
            # Servers do not run as root.
            for place in [self.path, *self.path.rglob("*")]:
                shutil.chown(place, "nobody", "nogroup")
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        self.process = subprocess.Popen(command)
        return self

    def configuration(self):
        fields = "".join(f"        add_header {name} '{value}';\n" for name, value in self.headers
                         if name.lower() not in self.OWN_HEADERS and "'" not in value)
        temporary = "".join(f"    {kind}_temp_path {self.path}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (
            f"worker_processes 2;\ndaemon off;\npid {self.path}/nginx.pid;\n"
            "events { worker_connections 4096; }\n"
            "http {\n"
            "    access_log off;\n    default_type application/json;\n    sendfile on;\n    tcp_nopush on;\n"
            "    open_file_cache max=100;\n    keepalive_requests 1000000000;\n    keepalive_timeout 600s;\n"
            f"{temporary}"
            f"    server {{\n        listen 127.0.0.1:{self.port};\n        root {self.path}/files;\n{fields}    }}\n"
            "}\n")
