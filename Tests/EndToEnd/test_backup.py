"""`concord backup` and `concord restore` on both storages: under load, byte for byte, and everything that must be refused."""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import subprocess
import threading
import time
import unittest
import uuid

from harness import BINARY, ROOT, Host, Postgres, at, position, trade
from servers import Redis, variable

# Both hosts sign their cursors alike, so that answers can be compared byte for byte.
SECRET = {"JWT_SECRET_KEY": "a-secret-of-forty-characters-for-tests-only"}
# The countdown of a tripped guard does not end while a test runs.
SETTINGS = ("cache: { use: none }\n"
            "queries: [reconciliation, positions, { guards: { drawdown: { countdown: 1h } } }]\n")


class Backups:
    """What both storages promise."""

    def make_host(self):
        host = Host(SETTINGS, SECRET, postgres=self.server)
        self.addCleanup(host.close)
        return host

    def filled(self):
        """A host that serves, with something in every kind of table."""
        host = self.make_host().serve()
        for number, user in enumerate(("ann", "bob"), 1):
            account = f"acc-{number}"
            host.put_account(account, user)
            host.ok("POST", "/api/v1/signals", host.agent, [
                {"signal_id": "s-1", "account_id": account, "symbol": "EURUSD", "direction": "buy", "price": 1.1,
                 "created_at": at(0), "payload": {"b": 1, "a": "é"}}])
            host.ok("POST", "/api/v1/trades", host.agent, [
                trade(f"t-{ticket}", account, ticket=ticket, signal_id="s-1") for ticket in range(1, 9)])
            host.snapshot(account, at(1), [position(ticket) for ticket in range(1, 7)],
                          account={"balance": 10000.00, "equity": 10052.50, "margin": 120.00, "credit": 0},
                          flows=[{"flow_id": "d-1", "time": at(-60), "amount": 10000.00, "kind": "deposit"}],
                          quotes=[{"symbol": "EURUSD", "bid": 1.1, "ask": 1.1001, "open": 1.1,
                                   "previous_close": 1.1, "time": at(1)}])
            host.snapshot(account, at(2), [position(ticket, volume=0.2) for ticket in range(2, 7)],
                          account={"balance": 10000.00, "equity": 7000.00, "margin": 120.00, "credit": 0})
        first = host.breaks("acc-1")[0]["id"]
        host.ok("POST", f"/api/v1/reconciliation/breaks/{first}/acknowledge", host.operator, {"note": "seen; ünï\n"})
        return host

    def backup(self, host, name="all.backup", *arguments, code=0, **options):
        path = host.path / name
        result = host.run("backup", str(path), *arguments, **options)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return path if code == 0 else result

    def restore(self, host, path, *arguments, code=0, **options):
        result = host.run("restore", str(path), *arguments, **options)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def refused(self, host, path, words, *arguments, code=2, **options):
        result = self.restore(host, path, *arguments, code=code, **options)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, words)

    def answers(self, host):
        """The bytes of every GET the API has, of every user, account and object."""
        paths = json.loads(host.run("openapi", check=True).stdout)["paths"]
        public = {"/api/v1/health", "/api/v1/ready", "/api/v1/trading/health", "/health", "/ready", "/metrics", "/docs",
                  "/api/v1/openapi.json"}

        def listed(path, name, key):
            return [row[key] for row in host.ok("GET", f"/api/v1/{path}", host.token("ann"))[name]]

        objects = {
            "accounts": ["acc-1"], "positions": listed("positions/open", "positions", "position_id"),
            "runs": listed("reconciliation/runs", "runs", "run_id"),
            "breaks": listed("reconciliation/breaks?status=all", "breaks", "id"),
        }
        found = {}
        for template, operations in paths.items():
            if "get" not in operations or template in public:
                continue
            for name in objects[template.split("/{")[0].rsplit("/", 1)[1]] if "{" in template else [""]:
                path = re.sub(r"\{[^}]*\}", name, template)
                questions = [(path, host.token("ann"), "ann"), (path, host.token("bob"), "bob"),
                             (f"{path}?account_id=acc-1", host.operator, "operator"),
                             (f"{path}?account_id=acc-2", host.agent, "agent")]
                if template.endswith(("/breaks", "/closed", "/runs", "/logs")):
                    questions.append((f"{path}?limit=1", host.token("ann"), "ann"))
                for path_asked, token, who in questions:
                    answer = host.get(path_asked, token)
                    # A request's own ID, and what counts down with the clock.
                    body = re.sub(r'"request_id":"[^"]*"|"time_to_liquidation_seconds":\d+', "", answer.body)
                    found[who, path_asked] = (answer.status, body)
        self.assertGreater(sum(status == 200 for status, _ in found.values()), 40)
        return found

    def tables(self, host):
        """Every table's rows, but for the scheduler's own, which a serving host writes by itself."""
        return {name: rows for name, rows in self.all_tables(host).items() if name != "jobs"}

    def files(self, folder):
        return sorted(path.name for path in folder.iterdir() if "backup" in path.name)

    # What is promised

    def test_what_is_restored_is_what_was_there_row_by_row_and_answer_by_answer(self):
        host = self.filled()
        answers = self.answers(host)
        path = self.backup(host)
        host.stop()
        before = self.tables(host)
        self.assertGreater(sum(len(rows) > 0 for rows in before.values()), 12, {k: len(v) for k, v in before.items()})

        manifest = json.loads(pathlib.Path(f"{path}.manifest.json").read_text())
        self.assertEqual({t["name"]: t["rows"] for t in manifest["tables"] if t["name"] != "jobs"},
                         {name: len(rows) for name, rows in before.items()})
        self.assertEqual({t["name"] for t in manifest["tables"]}, set(self.all_tables(host)))
        self.assertEqual({oct(os.stat(p).st_mode & 0o777) for p in (path, f"{path}.manifest.json")}, {"0o600"})
        self.assertEqual(self.files(host.path), ["all.backup", "all.backup.manifest.json"])

        other = self.make_host()
        result = self.restore(other, path)
        self.assertIn("is restored", result.stdout)
        self.assertEqual(self.tables(other), before)
        other.serve()
        self.assertEqual(self.answers(other), answers)
        other.put_account("acc-3", "ann")
        other.snapshot("acc-1", at(3), [position(1)])

    def test_a_backup_under_load_holds_one_moment_and_stops_nobody(self):
        host = self.filled()
        acknowledged, failed, end = [], [], threading.Event()
        host.agent

        def work():
            number = 0
            while not end.is_set():
                number += 1
                trades = [trade(f"load-{number}-{part}", "acc-1", ticket=1000 + number * 10 + part) for part in range(5)]
                answer = host.request("POST", "/api/v1/trades", host.agent, trades)
                (acknowledged if answer.status == 200 else failed).append((number, answer.body))

        writer = threading.Thread(target=work)
        writer.start()
        try:
            paths = []
            for name in ("first.backup", "second.backup", "third.backup"):
                before = len(acknowledged)
                path = self.backup(host, name)
                paths.append((before, path, len(acknowledged)))
        finally:
            end.set()
            writer.join()
        self.assertEqual(failed, [])
        host.stop()
        source = set(self.tables(host)["trades"])
        for before, path, after in paths:
            other = self.make_host()
            self.restore(other, path)
            rows = set(self.tables(other)["trades"])
            self.assertLessEqual(rows, source)
            stored = {int(number) for row in rows for number in re.findall(r"load-(\d+)-\d", str(row))}
            # Whole requests, none missing in between, all that had been acknowledged and none from later.
            self.assertEqual(stored, set(range(1, len(stored) + 1)))
            self.assertEqual(len(rows), 16 + 5 * len(stored))
            self.assertGreaterEqual(len(stored), before)
            self.assertLessEqual(len(stored), after + 1)

    def test_verify_restores_elsewhere_and_touches_nothing(self):
        host = self.filled()
        path = self.backup(host)
        before = self.tables(host)
        result = self.restore(host, path, "--verify", "--format", "json")
        found = json.loads(result.stdout)
        self.assertEqual((found["restored"], {t["name"] for t in found["tables"]}), (False, set(self.all_tables(host))))
        self.assertEqual(self.tables(host), before)
        self.assertEqual(host.request("GET", "/api/v1/ready").status, 200)
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(self.restore(host, path, "--verify", "--replace", code=64).stdout, "")

    def test_nothing_that_is_there_is_replaced_without_being_told(self):
        host = self.filled()
        path = self.backup(host)
        bytes_before = path.read_bytes()
        refused = self.backup(host, code=2)
        self.assertIn("is there already", refused.stderr)
        self.assertEqual(path.read_bytes(), bytes_before)
        host.put_account("acc-3", "ann")
        self.backup(host, "all.backup", "--replace")
        at_backup = self.tables(host)
        host.put_account("acc-4", "ann")
        self.refused(host, path, "stop", "--replace", code=1)
        host.stop()

        before = self.tables(host)
        self.refused(host, path, r"has \d+ tables already \(\w+, \w+, \w+, …\); .* --replace")
        self.assertEqual(self.tables(host), before)
        self.restore(host, path, "--replace")
        self.assertEqual(self.tables(host), at_backup)
        self.assertNotEqual(at_backup, before)
        host.serve()
        self.assertEqual(len(host.ok("GET", "/api/v1/accounts", host.operator)["accounts"]), 3)

    def test_files_that_are_not_the_backup_are_refused_and_change_nothing(self):
        host = self.filled()
        path = self.backup(host)
        host.stop()
        manifest_path = pathlib.Path(f"{path}.manifest.json")
        content, manifest = path.read_bytes(), manifest_path.read_text()
        other = self.make_host()
        empty = self.tables(other)

        def refuses(words, new=None, **changes):
            path.write_bytes(content if new is None else new)
            manifest_path.write_text(json.dumps({**json.loads(manifest), **changes}))
            for arguments in ([], ["--replace"], ["--verify"]):
                with self.subTest(words=words, arguments=arguments):
                    self.refused(other, path, words, *arguments)
            self.refused(host, path, words, "--replace")

        before = self.tables(host)
        middle = len(content) // 2
        refuses("was altered", content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:])
        refuses("bytes, and had", content[:-1])
        refuses("bytes, and had", content + b"x")
        refuses("bytes, and had", b"")
        refuses("is a backup of the storage module other", storage="other")
        refuses("is manifest 2, which this program does not know", manifest=2)
        refuses("has no good sha256", sha256=5)
        read = json.loads(manifest)
        # A manifest that does not fit is found when everything is restored, before it counts.
        tables = [{**t, "rows": t["rows"] + (t["name"] == "trades")} for t in read["tables"]]
        refuses("trades has 16 rows instead of 17", tables=tables)
        tables = [{**t, "digest": "0" * 64} if t["name"] == "positions" else t for t in read["tables"]]
        refuses("positions has other content", tables=tables)
        refuses("users was not in the backup", tables=[t for t in read["tables"] if t["name"] != "users"])
        later = {"position": 99, "module": "book", "number": 9999, "name": "later", "checksum": "0" * 64}
        refuses("newer than this program: it has book/9999", migrations=read["migrations"] + [later])
        changed = [{**m, "checksum": "0" * 64} for m in read["migrations"]]
        refuses("was applied with another text", migrations=changed)
        path.unlink()
        self.refused(other, path, "all.backup cannot be read: No such file")
        manifest_path.write_text("no JSON")
        self.refused(other, path, "is no manifest")
        manifest_path.unlink()
        self.refused(other, path, "is not there; a backup is the file and its manifest")
        self.assertEqual(self.tables(other), empty)
        self.assertEqual(self.tables(host), before)
        self.assertEqual(self.leftovers(), [])

    def test_a_backup_that_was_killed_while_it_was_put_into_place_is_found_and_not_lost(self):
        host = self.filled()
        path = self.backup(host)
        manifest_path = pathlib.Path(f"{path}.manifest.json")
        partial = pathlib.Path(f"{manifest_path}.partial")
        older = manifest_path.read_bytes()
        host.put_account("acc-3", "ann")
        self.backup(host, "all.backup", "--replace")
        newer = manifest_path.read_bytes()
        self.assertNotEqual(older, newer)
        # As it is between the two renames.
        manifest_path.rename(partial)
        manifest_path.write_bytes(older)
        result = self.restore(host, path, "--verify")
        self.assertIn(f"the manifest of {path} is {partial}", result.stderr)
        self.assertIn("can be restored", result.stdout)

        # The next attempt fails, and what was there is whole.
        database = host.config.read_text()
        host.config.write_text(re.sub(r"use: (sqlite|postgres), .*? } }", self.nowhere, database))
        self.backup(host, "all.backup", "--replace", code=1)
        host.config.write_text(database)
        self.assertEqual(self.files(host.path), ["all.backup", "all.backup.manifest.json"])
        self.assertEqual(manifest_path.read_bytes(), newer)
        self.assertEqual(self.restore(host, path, "--verify").stderr, "")
        # Without one beside it, too.
        manifest_path.rename(partial)
        self.restore(host, path, "--verify")

    def test_a_storage_without_tables_makes_no_backup(self):
        host = self.make_host()
        if host.postgres is None:
            sqlite3.connect(host.path / "concord.db").close()
        result = self.backup(host, code=2)
        self.assertRegex(result.stderr, r"the storage has no tables, .* storage\.\w+ .* concord migrate up")
        self.assertEqual(self.files(host.path), [])

    def test_a_place_that_is_no_file_is_refused_at_once(self):
        # Nothing is asked of the storage, which is not there.
        host = self.make_host()
        host.config.write_text(re.sub(r"use: (sqlite|postgres), .*? } }", self.nowhere, host.config.read_text()))
        for name, words in (("", "name is empty"), (str(host.path), "is a directory"), (f"{host.path}/new/", "is a directory")):
            for arguments in ([], ["--replace"]):
                result = host.run("backup", name, *arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                self.assertIn(words, result.stderr)

    def test_after_a_restore_the_shared_cache_holds_nothing_from_before(self):
        redis = Redis().start()
        self.addCleanup(redis.close)
        host = Host("cache: { use: redis, default_ttl: 1h }\nqueries: [reconciliation]\n",
                    {**SECRET, "REDIS_URL": redis.url}, postgres=self.server)
        self.addCleanup(host.close)
        host.serve().put_account("acc-1", "ann")
        path = self.backup(host)
        host.put_account("acc-2", "ann")
        asked = "/api/v1/reconciliation/status"
        host.get(asked, host.token("ann"))
        self.assertIn("hit", host.get(asked, host.token("ann")).headers["cache-status"])
        host.stop()
        self.assertNotEqual(redis.tell("KEYS", "concord_1:reconciliation.status:*").strip(), "")
        self.assertEqual(self.restore(host, path, "--verify").stderr, "")
        self.assertNotEqual(redis.tell("KEYS", "concord_1:reconciliation.status:*").strip(), "")
        self.assertEqual(self.restore(host, path, "--replace").stderr, "")
        self.assertEqual(redis.tell("KEYS", "concord_1:reconciliation.status:*").strip(), "")
        host.serve()
        answer = host.get(asked, host.token("ann"))
        self.assertIn("fwd=uri-miss", answer.headers["cache-status"])
        host.stop()
        redis.close()
        result = self.restore(host, path, "--replace")
        self.assertIn("is restored", result.stdout)
        self.assertRegex(result.stderr, r"the shared cache was not cleared \(.*\): .* remove the keys of cache\.prefix")

    def test_an_older_schema_is_restored_and_then_migrated(self):
        host = self.make_host()
        host.run("migrate", "up", check=True)
        host.run("migrate", "down", check=True)
        path = self.backup(host)
        other = self.make_host()
        self.assertIn("migrations are pending", self.restore(other, path).stdout)
        self.assertIn("pending", other.run("migrate", "status", check=True).stdout)
        other.serve().put_account("acc", "ann")

    def test_a_medium_that_is_full_or_not_there_leaves_nothing(self):
        host = self.filled()
        self.backup(host, "missing/all.backup", code=1)
        (host.path / "file").write_text("")
        self.assertIn("cannot be written", self.backup(host, "file/all.backup", code=1).stderr)
        self.assertIn("cannot be written", self.backup(host, "/proc/all.backup", code=1).stderr)

        def limited():
            resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))

        result = subprocess.run(
            [BINARY, "backup", str(host.path / "all.backup"), "--config", str(host.config)], capture_output=True,
            text=True, cwd=ROOT, env=host.environment, preexec_fn=limited, restore_signals=False, timeout=60)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, self.full)
        self.assertEqual(self.files(host.path), [])

    def interrupted(self, host, arguments, is_under_way, environment=None):
        process = subprocess.Popen(
            [BINARY, *arguments, "--config", str(host.config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd=ROOT, env=environment or host.environment)
        end = time.monotonic() + 30
        while not is_under_way():
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        self.assertEqual((process.returncode, output), (1, ""), errors)
        self.assertIn("interrupted; nothing was changed", errors)


class OnSQLite(Backups, unittest.TestCase):
    server = None
    full = "disk I/O error|full"
    nowhere = "use: sqlite, sqlite: { path: /nowhere/at/all.db } }"

    def all_tables(self, host):
        if not (host.path / "concord.db").exists():
            return {}
        with contextlib.closing(sqlite3.connect(f"file:{host.path}/concord.db?mode=ro", uri=True)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: sorted(database.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
                    for name in names if not name.startswith("sqlite_")}

    def leftovers(self):
        folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp"))
        return [p for p in folder.glob("concord-??????") if p.is_dir() and (p / "concord.db").exists()]

    def test_a_running_host_is_named_and_keeps_its_database(self):
        host = self.filled()
        path = self.backup(host)
        self.refused(host, path, rf"in use by another process \({host.process.pid}\)", "--replace", code=1)
        self.assertEqual(len(host.ok("GET", "/api/v1/accounts", host.operator)["accounts"]), 2)

    def test_the_database_is_no_place_for_its_backup(self):
        host = self.filled()
        database = host.path / "concord.db"
        (host.path / "symbolic").symlink_to(database)
        os.link(database, host.path / "hard")
        (host.path / "folder").symlink_to(host.path)
        inode = database.stat().st_ino
        places = ["concord.db", "concord.db-wal", "concord.db-shm", "concord.db-journal", "concord.db.lock", "symbolic",
                  "hard", "folder/concord.db", "../" + host.path.name + "/concord.db"]
        for place in places:
            for arguments in ([], ["--replace"]):
                with self.subTest(place=place, arguments=arguments):
                    refused = self.backup(host, place, *arguments, code=2)
                    self.assertIn("is a file of the storage itself", refused.stderr)
        # What a backup writes on its way there, too.
        for ending in (".partial", ".manifest.json", ".manifest.json.partial"):
            (host.path / f"b{ending}").symlink_to(database)
            self.assertIn("is a file of the storage itself", self.backup(host, "b", "--replace", code=2).stderr)
            (host.path / f"b{ending}").unlink()
        self.assertEqual(database.stat().st_ino, inode)
        host.put_account("acc-3", "ann")
        host.stop()
        self.assertEqual(len(self.tables(host)["accounts"]), 3)

    def test_a_backup_is_a_database_of_its_own_that_anything_reads(self):
        host = self.filled()
        path = self.backup(host)
        path.chmod(0o400)
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(database.execute("PRAGMA journal_mode").fetchall(), [("delete",)])
            self.assertEqual(database.execute("SELECT count(*) FROM accounts").fetchall(), [(2,)])

    def test_what_other_programs_hold_and_what_is_no_database_stays(self):
        host = self.filled()
        path = self.backup(host)
        host.stop()
        other = self.make_host()
        self.restore(other, path)
        with contextlib.closing(sqlite3.connect(other.path / "concord.db", isolation_level=None)) as shell:
            shell.execute("BEGIN")
            shell.execute("SELECT count(*) FROM accounts").fetchall()
            self.refused(other, path, "concord.db is in use by another program", "--replace", code=1)
            other.serve()
            other.stop()
        (other.path / "concord.db").write_bytes(b"no database at all" * 100)
        self.refused(other, path, "cannot be opened: file is not a database; .*move it away", "--replace", code=1)
        (other.path / "concord.db").unlink()
        (other.path / "concord.db-wal").write_bytes(b"left behind")
        self.refused(other, path, "concord.db-wal is the log of a database that is not there", code=1)
        (other.path / "concord.db-wal").unlink()
        self.restore(other, path)

    def test_a_damaged_database_makes_no_backup(self):
        host = self.filled()
        host.stop()
        database = host.path / "concord.db"
        content = bytearray(database.read_bytes())
        content[4096 * 3:4096 * 3 + 512] = b"\xff" * 512
        database.write_bytes(content)
        self.assertRegex(self.backup(host, code=1).stderr, "damaged|malformed")
        self.assertEqual(self.files(host.path), [])

    def test_an_interrupted_backup_leaves_nothing(self):
        host = self.filled()
        host.stop()
        with contextlib.closing(sqlite3.connect(host.path / "concord.db", isolation_level=None)) as holder:
            holder.execute("PRAGMA locking_mode = EXCLUSIVE")
            holder.execute("BEGIN IMMEDIATE")
            path = host.path / "all.backup"
            self.interrupted(host, ["backup", str(path)], (host.path / "all.backup.partial").exists)
        self.assertEqual(self.files(host.path), [])


class OnPostgres(Backups, unittest.TestCase):
    full = "File too large|No space left"
    nowhere = "use: postgres, postgres: { url: 'postgresql://127.0.0.1:1/nowhere' } }"

    @property
    def server(self):
        return variable("CONCORD_TEST_POSTGRES_URL")

    def all_tables(self, host):
        names = host.stored("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                            "AND relkind IN ('r', 'p') AND NOT relispartition")
        return {name: sorted((str(row) for row in host.stored(f'SELECT t::text FROM public."{name}" AS t')))
                for (name,) in names}

    def leftovers(self):
        return json.loads(Postgres.psql(
            variable("CONCORD_TEST_POSTGRES_URL"),
            "SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE datname LIKE 'concord_verify_%'"))

    def fake(self, host, name, script):
        """A folder with a program in PostgreSQL's place, and an environment in which it is found first."""
        folder = host.path / f"bin-{uuid.uuid4().hex}"
        folder.mkdir()
        program = folder / name
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        return folder, {**host.environment, "PATH": f"{folder}:{host.environment['PATH']}"}

    def test_the_password_is_in_no_argument_and_the_tools_words_are_told(self):
        host = self.filled()
        folder, environment = self.fake(host, "pg_dump", (
            '[ "$1" != --version ] || { echo "pg_dump (PostgreSQL) 99.1"; exit 0; }\n'
            'tr "\\0" "\\n" </proc/$$/cmdline >"$(dirname "$0")/arguments"; echo "$PGPASSWORD" >"$(dirname "$0")/password"\n'
            'echo "pg_dump: error: out of luck" >&2; exit 3\n'))
        result = self.backup(host, code=1, environment=environment)
        self.assertRegex(result.stderr, "99.1 ended with exit code 3: pg_dump: error: out of luck")
        password = variable("CONCORD_TEST_POSTGRES_URL").split("@")[0].rsplit(":", 1)[1]
        self.assertEqual((folder / "password").read_text().strip(), password)
        arguments = (folder / "arguments").read_text()
        self.assertIn("--snapshot=", arguments)
        self.assertNotIn(password, arguments + result.stderr)
        self.assertEqual(self.files(host.path), [])

    def test_a_tool_that_is_too_old_is_passed_over(self):
        host = self.filled()
        _, environment = self.fake(host, "pg_dump", 'echo "pg_dump (PostgreSQL) 9.6.1"\n')
        path = self.backup(host, environment=environment)
        self.assertNotIn("9.6.1", pathlib.Path(f"{path}.manifest.json").read_text())

    def test_interrupted_or_failing_tools_leave_everything_as_it_was(self):
        host = self.filled()
        path = self.backup(host)
        host.stop()
        before = self.tables(host)
        folder, environment = self.fake(host, "pg_restore", (
            '[ "$1" != --version ] || { echo "pg_restore (PostgreSQL) 99.1"; exit 0; }\n'
            'echo "CREATE TABLE half (id bigint);"; touch "$(dirname "$0")/begun"; exec sleep 60\n'))
        self.interrupted(host, ["restore", "--replace", str(path)], (folder / "begun").exists, environment)
        self.assertEqual(self.tables(host), before)
        _, environment = self.fake(host, "pg_restore", (
            '[ "$1" != --version ] || { echo "pg_restore (PostgreSQL) 99.1"; exit 0; }\n'
            'echo "CREATE TABLE half (id bigint);"; echo "pg_restore: error: cut" >&2; exit 1\n'))
        self.refused(host, path, "exit code 1: pg_restore: error: cut", "--replace", code=1, environment=environment)
        _, environment = self.fake(host, "pg_restore", (
            '[ "$1" != --version ] || { echo "pg_restore (PostgreSQL) 99.1"; exit 0; }\n'
            'echo "CREATE TABLE half (id bigint);"; echo "COPY half (id) FROM stdin;"; echo 1; exit 0\n'))
        self.refused(host, path, "stopped in the middle of a table", "--replace", code=1, environment=environment)
        self.assertEqual(self.tables(host), before)

        folder, environment = self.fake(host, "pg_dump", (
            '[ "$1" != --version ] || { echo "pg_dump (PostgreSQL) 99.1"; exit 0; }\n'
            'touch "$(dirname "$0")/begun"; exec sleep 60\n'))
        self.interrupted(host, ["backup", str(host.path / "b.backup")], (folder / "begun").exists, environment)
        self.assertEqual(self.files(host.path), ["all.backup", "all.backup.manifest.json"])

    def test_a_table_in_partitions_is_one_table(self):
        host = self.filled()
        for statement in (
            "CREATE TABLE parted (at date NOT NULL, note text COLLATE \"C\") PARTITION BY RANGE (at)",
            "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
            "CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
            "INSERT INTO parted SELECT date '2026-01-20' + n, 'line' || chr(10) || n FROM generate_series(1, 30) AS n",
        ):
            host.postgres.psql(host.postgres.url, statement)
        path = self.backup(host)
        host.stop()
        names = {t["name"]: t["rows"] for t in json.loads(pathlib.Path(f"{path}.manifest.json").read_text())["tables"]}
        self.assertEqual({k: v for k, v in names.items() if "parted" in k}, {"parted": 30})
        other = self.make_host()
        self.restore(other, path)
        self.assertEqual(self.tables(other), self.tables(host))
        self.assertEqual(other.stored("SELECT count(*) FROM parted_2"), host.stored("SELECT count(*) FROM parted_2"))
        self.restore(other, path, "--replace")
        self.assertEqual(self.tables(other), self.tables(host))

    def test_what_others_built_upon_the_schema_is_not_dropped(self):
        host = self.filled()
        path = self.backup(host)
        host.stop()
        host.postgres.psql(host.postgres.url, "CREATE SCHEMA reports; "
                                              "CREATE VIEW reports.mine AS SELECT * FROM public.accounts")
        self.refused(host, path, "reports.mine depends on table accounts|other objects depend on", "--replace", code=1)
        self.assertEqual(len(host.stored("SELECT * FROM reports.mine")), 2)

    def test_hosts_that_are_connected_are_named(self):
        host = self.filled()
        path = self.backup(host)
        self.refused(host, path, r"\d+ other sessions are open to the database: concord \(\d+\); stop", "--replace", code=1)
        host.stop()
        # One whose URL gives it another name, and one without a name.
        with_name = host.config.read_text().replace(host.postgres.url, f"{host.postgres.url}?application_name=desk")
        host.config.write_text(with_name)
        host.serve()
        self.refused(host, path, r"\d+ other sessions .*: desk \(\d+\); stop", "--replace", code=1)
        self.restore(host, path, "--verify")
        self.assertEqual(host.request("GET", "/api/v1/ready").status, 200)
        host.stop()
        self.restore(host, path, "--replace")

    def test_a_schema_of_another_name_is_verified_and_restored(self):
        host, other = self.make_host(), self.make_host()
        for each in (host, other):
            each.postgres.psql(each.postgres.url, 'CREATE SCHEMA "App"')
            url = f"{each.postgres.url}?options=-csearch_path%3D%22App%22"
            each.config.write_text(each.config.read_text().replace(each.postgres.url, url))
        host.serve().put_account("acc", "ann")
        months = host.run("partitions", "list", check=True).stdout
        self.assertIn("reconciliation_logs_2", months)
        path = self.backup(host)
        self.assertIn("can be restored", self.restore(host, path, "--verify").stdout)
        self.assertEqual(self.leftovers(), [])
        self.restore(other, path)
        self.assertEqual(len(other.stored('SELECT * FROM "App".accounts')), 1)
        other.serve()
        # The functions that are there are found; they are not made again at every start.
        other.stop()
        self.restore(other, path, "--replace")

    def test_a_role_without_the_right_to_make_a_database_is_told_which(self):
        role = f"role_{uuid.uuid4().hex}"
        Postgres.psql(variable("CONCORD_TEST_POSTGRES_URL"), f"CREATE ROLE {role} LOGIN PASSWORD 'its-own'")
        self.addCleanup(Postgres.psql, variable("CONCORD_TEST_POSTGRES_URL"), f"DROP ROLE {role}")
        owned = self.make_host()
        Postgres.psql(variable("CONCORD_TEST_POSTGRES_URL"), f"ALTER DATABASE {owned.postgres.name} OWNER TO {role}")
        place = owned.postgres.url.split("@")[1]
        owned.config.write_text(owned.config.read_text().replace(owned.postgres.url, f"postgresql://{role}:its-own@{place}"))
        owned.serve().put_account("acc", "ann")
        path = self.backup(owned)
        owned.stop()
        self.refused(owned, path, "permission denied to create database .* CREATEDB", "--verify", code=1)
        self.restore(owned, path, "--replace")

    def test_tls_carries_over_to_the_tools(self):
        url, folder = os.environ["CONCORD_TEST_POSTGRES_TLS_URL"], os.environ["CONCORD_TEST_POSTGRES_FOLDER"]
        host, other = (Host("cache: { use: none }\n", SECRET, postgres=url) for _ in range(2))
        for each in (host, other):
            self.addCleanup(each.close)
            secure = f"{each.postgres.url}?sslmode=verify-full&sslrootcert={folder}/authority.pem"
            each.config.write_text(each.config.read_text().replace(each.postgres.url, secure))
        host.serve().put_account("acc", "ann")
        path = self.backup(host)
        self.restore(other, path)
        self.restore(other, path, "--verify")
        self.assertEqual(len(other.stored("SELECT * FROM accounts")), 1)


if __name__ == "__main__":
    unittest.main()
