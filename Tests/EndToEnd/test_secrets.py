"""Passwords and authorities in files that change while a host serves: it connects again with what is there now."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import uuid

from harness import ROOT, Host, Postgres, eventually
from servers import Redis, variable


class Servers:
    """Servers of a test's own, started by scripts/servers/NAME, because their certificates are changed."""

    def __init__(self, name):
        self.script = ROOT / "scripts" / "servers" / name
        self.directory = tempfile.TemporaryDirectory(prefix=f"concord-{name}-")
        os.chmod(self.directory.name, 0o755)
        self.folder = pathlib.Path(self.directory.name) / "servers"
        lines = subprocess.run([self.script, "start", self.folder], capture_output=True, text=True, check=True).stdout
        self.settings = dict(line.split("=", 1) for line in lines.splitlines())

    def close(self):
        subprocess.run([self.script, "stop", self.folder], capture_output=True, check=True)
        self.directory.cleanup()

    def make_authority(self):
        """Another authority and a certificate for localhost that it has signed: paths of both and of the key."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.directory.name))
        names = folder / "names"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for arguments in (
            ["req", "-x509", *new, "-days", "30", "-subj", "/CN=Second authority", "-keyout", "ca.key", "-out", "ca.pem"],
            ["req", *new, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
            ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
             "-extfile", str(names), "-out", "server.pem"],
        ):
            subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)
        return folder / "ca.pem", folder / "server.pem", folder / "server.key"


class Files(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="concord-secrets-")
        self.addCleanup(self.directory.cleanup)
        self.file = pathlib.Path(self.directory.name) / "secret"

    def until(self, host, check, condition):
        """The check of /ready once it is so."""
        end = time.monotonic() + 30
        while True:
            found = host.request("GET", "/api/v1/ready").json["checks"][check]
            if condition(found):
                return found
            self.assertLess(time.monotonic(), end, f"{found}\n{host.logs()}")
            time.sleep(0.1)

    def until_up(self, host, check):
        return self.until(host, check, lambda found: found["status"] == "up")

    def until_it_says(self, host, module, text):
        """Operators are told; everybody else only that something is wrong."""
        def reason():
            shown = host.request("GET", f"/admin/modules/{module}", host.operator, port=host.admin_port)
            return shown.json["reason"] or ""
        eventually(lambda: text in reason(), seconds=30)
        self.assertNotIn(text, host.request("GET", "/api/v1/ready").body)


class PostgresSecrets(Files):
    def host_at(self, url, extra=""):
        """A host whose database's URL is made of files; it makes its own schema in a database that is there."""
        host = Host("cache: { use: none }\n" + extra, postgres=None)
        self.addCleanup(host.close)
        text = host.config.read_text()
        begin, end = text.index("storage:"), text.index("limits:")
        host.config.write_text(text[:begin] + f"storage: {{ use: postgres, postgres: {{ url: '{url}' }} }}\n" + text[end:])
        host.environment["JWT_SECRET_KEY"] = "a-secret-of-forty-characters-for-tests-only"
        return host

    def test_a_changed_password_is_taken_at_the_next_connect(self):
        role = f"role_{uuid.uuid4().hex}"

        def tell(text):
            return Postgres.psql(variable("CONCORD_TEST_POSTGRES_URL"), text)

        tell(f"CREATE ROLE {role} LOGIN PASSWORD 'first-word'")
        self.addCleanup(tell, f"DROP ROLE {role}")
        owned = Postgres(variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(owned.drop)
        tell(f"ALTER DATABASE {owned.name} OWNER TO {role}")
        self.file.write_text("first-word\n")
        place = owned.url.split("@")[1]
        host = self.host_at(f"postgresql://{role}:${{file:{self.file}}}@{place}")
        host.serve()
        host.put_account("acc", "ann")

        # The password changes at the server first: until the file follows, the reason is told.
        tell(f"ALTER ROLE {role} PASSWORD 'second-word'")
        owned.cut()
        self.until_it_says(host, "postgres", "password authentication failed")
        self.assertEqual(host.get("/api/v1/accounts", host.operator).status, 503)

        # An empty file is no password, and the old one is not used.
        self.file.write_text("")
        self.until_it_says(host, "postgres", f"the file {self.file} is empty")
        self.file.unlink()
        self.until_it_says(host, "postgres", f"the file {self.file} is not there")

        self.file.write_text("second-word\n")
        self.until_up(host, "database")
        self.assertEqual(host.request("GET", "/api/v1/ready").status, 200)
        self.assertEqual([a["account_id"] for a in host.ok("GET", "/api/v1/accounts", host.operator)["accounts"]], ["acc"])
        host.put_account("acc-2", "ann")
        for word in ("first-word", "second-word"):
            self.assertNotIn(word, host.logs())
            self.assertNotIn(word, host.run("config", "show", check=True).stdout)

    def test_a_changed_authority_is_trusted_at_the_next_connect(self):
        servers = Servers("postgres")
        self.addCleanup(servers.close)
        data = servers.folder / "tls"
        self.file.write_bytes((servers.folder / "authority.pem").read_bytes())
        url = servers.settings["CONCORD_TEST_POSTGRES_TLS_URL"]
        host = self.host_at(f"{url}?sslmode=verify-full&sslrootcert={self.file}")
        host.serve()
        host.put_account("acc", "ann")

        authority, certificate, key = servers.make_authority()
        for new, name in ((certificate, "server.pem"), (key, "server.key")):
            # In place, so that owner and mode stay.
            (data / name).write_bytes(new.read_bytes())
        trusting = f"{url}?sslmode=require"
        Postgres.psql(trusting, "SELECT pg_reload_conf()")
        Postgres.psql(trusting, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'concord'")
        self.until_it_says(host, "postgres", "certificate verify failed")

        self.file.write_bytes(authority.read_bytes())
        self.until_up(host, "database")
        self.assertEqual(len(host.ok("GET", "/api/v1/accounts", host.operator)["accounts"]), 1)


class RedisSecrets(Files):
    def host_at(self, url):
        host = Host(f"cache: {{ use: redis, redis: {{ url: '{url}' }} }}\n")
        self.addCleanup(host.close)
        host.serve()
        host.put_account("acc", "ann")
        return host

    def hits(self, host):
        host.snapshot("acc", "2026-01-05T10:00:00Z", [])
        answers = [host.get("/api/v1/reconciliation/status", host.token("ann")) for _ in range(2)]
        self.assertIn("hit", answers[1].headers["cache-status"])

    def test_a_changed_password_is_taken_at_the_next_connect(self):
        redis = Redis().start()
        self.addCleanup(redis.close)
        self.file.write_text("secret\n")
        host = self.host_at(f"redis://tester:${{file:{self.file}}}@127.0.0.1:{redis.port}/0")
        self.until_up(host, "redis")

        redis.tell("ACL", "SETUSER", "tester", "resetpass", ">another-word")
        redis.url = redis.url.replace(":secret@", ":another-word@")
        redis.tell("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        redis.tell("CLIENT", "KILL", "TYPE", "pubsub")
        self.until_it_says(host, "redis", "WRONGPASS")
        self.file.write_text("")
        self.until_it_says(host, "redis", f"the file {self.file} is empty")

        self.file.write_text("another-word\n")
        self.until_up(host, "redis")
        self.hits(host)
        self.assertNotIn("another-word", host.logs())

    def test_a_changed_authority_is_trusted_at_the_next_connect(self):
        servers = Servers("redis")
        self.addCleanup(servers.close)
        self.file.write_bytes((servers.folder / "ca.pem").read_bytes())
        url = servers.settings["CONCORD_TEST_REDIS_TLS_URL"].split("?")[0]
        host = self.host_at(f"{url}?ssl_ca_certs={self.file}")
        self.until_up(host, "redis")

        authority, certificate, key = servers.make_authority()
        os.chmod(certificate.parent, 0o755)
        os.chmod(key, 0o644)
        cli = ["redis-cli", "-u", url, "--no-auth-warning", "--tls", "--insecure"]
        for words in (
            ["CONFIG", "SET", "tls-cert-file", str(certificate), "tls-key-file", str(key)],
            ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"], ["CLIENT", "KILL", "TYPE", "pubsub"],
        ):
            subprocess.run([*cli, *words], capture_output=True, text=True, check=True, timeout=10)
        self.until_it_says(host, "redis", "CERTIFICATE_VERIFY_FAILED")

        self.file.write_bytes(authority.read_bytes())
        self.until_up(host, "redis")
        self.hits(host)


if __name__ == "__main__":
    unittest.main()
