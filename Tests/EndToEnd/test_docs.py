"""Every command block of the documents runs as it stands, or is listed here with the reason why not."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import BINARY, ROOT, Host

NOT_RUN = {
    'export DATABASE_URL="postgresql://concord:PASSWORD@db.example:5432/concord?sslmode=verify-full"\n'
    'export REDIS_URL="rediss://concord:PASSWORD@cache.example:6379/0"\n'
    'export JWT_SECRET_KEY="$(openssl rand -hex 32)"   # the same on every host\n'
    'concord migrate up --config config/production.yaml\n'
    'concord check --probe --config config/production.yaml\n'
    'concord serve --config config/production.yaml':
        "names servers that are not here; test_production.py does the same on servers that are",
    "concord backup /var/backups/concord.backup --replace\nconcord restore /var/backups/concord.backup --verify":
        "needs a database with something in it; test_backup.py does the same on both storages",
    "scripts/bench isolation": "takes minutes, and a gigabyte for each call of the module that returns one",
    'curl -X POST -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8001/admin/modules/positions/disable':
        "needs a host that serves; test_modules_admin.py orders the same",
    'curl -X POST -H "Authorization: Bearer $TOKEN" -H \'Content-Type: application/json\' \\\n'
    '    -d \'{"pattern": "concord_1:positions.*:a:acc-1:*"}\' http://127.0.0.1:8001/admin/cache/invalidate':
        "needs a host that serves; test_cache_admin.py orders the same",
    "curl -X POST -H \"Authorization: Bearer $TOKEN\" 'http://127.0.0.1:8001/admin/config/reload?dry_run=true'":
        "needs a host that serves; test_reload.py orders the same",
    "concord modules new query Turnover\n"
    "swift build --build-tests\n"
    "swift test --skip-build --filter TurnoverTests\n"
    "scripts/check": "changes the sources; test_scaffold.py runs it, word for word, in a copy of the tree",
    "scripts/plugin-api record 1.0": "changes what plugins are measured by; test_plugin_api.py runs the other commands",
    "swift test\nswift build -c release\nconcord modules check .build/release/libTurnover.so":
        "belongs into the package's folder; the guide's block ends with the same lines there",
    "scripts/run": "serves until interrupted; test_run.py runs it",
    "scripts/test": "is what runs this test",
    "scripts/bench": "measures for minutes; scripts/test compiles what it starts",
    "swift build --build-tests\nswift test --skip-build --filter ReconciliationTests\nscripts/check":
        "scripts/test does the same steps before this one",
    "swift build -c release --product MatcherBenchmark --scratch-path .build-release\n"
    ".build-release/release/MatcherBenchmark ticket": "measures for minutes; scripts/test compiles it",
    "swift build -c release --product AnswerBenchmark --scratch-path .build-release\n"
    ".build-release/release/AnswerBenchmark": "measures for a minute after a build of its own; scripts/test compiles it",
    "swift build -c release --product CacheBenchmark --scratch-path .build-release\n"
    ".build-release/release/CacheBenchmark": "measures for minutes; scripts/test compiles it",
    "swift build -c release --product IngestBenchmark --scratch-path .build-release\n"
    ".build-release/release/IngestBenchmark": "measures for minutes; scripts/test compiles it",
    'eval "$(scripts/servers/redis start /tmp/redis | sed \'s/.*/export "&"/\')"\n'
    'swift build -c release --product RedisBenchmark --scratch-path .build-release\n'
    '.build-release/release/RedisBenchmark\n'
    'scripts/servers/redis stop /tmp/redis': "measures for minutes; scripts/test compiles it",
    'eval "$(scripts/servers/postgres start /tmp/postgres | sed \'s/.*/export "&"/\')"\n'
    'swift build -c release --product PostgresBenchmark --scratch-path .build-release\n'
    '.build-release/release/PostgresBenchmark reads\n'
    '.build-release/release/PostgresBenchmark bulk\n'
    '.build-release/release/PostgresBenchmark upsert\n'
    'scripts/servers/postgres stop /tmp/postgres': "measures for minutes; scripts/test compiles it",
}


def documents():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    return [ROOT / name for name in names]


def blocks():
    for document in documents():
        for language, text in re.findall(r"(?ms)^```(\w+)\n(.*?)^```", document.read_text()):
            if language in ("sh", "bash", "shell", "console"):
                yield document.relative_to(ROOT), text.strip()


class Documents(unittest.TestCase):
    def test_command_blocks_run(self):
        found = list(blocks())
        self.assertTrue(found)
        unused = set(NOT_RUN) - {text for _, text in found}
        self.assertEqual(unused, set(), "listed here but in no document")
        # What stands in two documents runs once.
        for text, document in {text: document for document, text in reversed(found)}.items():
            if text in NOT_RUN:
                continue
            with self.subTest(document=str(document), block=text):
                self.run_block(text)

    def test_every_complaint_has_the_test_that_the_proofs_name(self):
        """A test that is renamed or gone turns this red; so does a row that has lost its test."""
        page = (ROOT / "docs" / "proofs.md").read_text().partition("## What others got wrong")[2].partition("\n## ")[0]
        rows = re.findall(r"(?m)^\| ([^|\n]+) \| `(Tests/[^`]+)` \| `?([^|\n]+?)`? \|$", page)
        self.assertEqual(len(rows), page.count("\n|") - 2, "a row cannot be read")
        self.assertGreaterEqual(len({complaint for complaint, _, _ in rows}), 15)
        for complaint, file, name in rows:
            with self.subTest(complaint):
                declaration = rf"def {name}\(" if file.endswith(".py") else rf'@Test\(\s*"{re.escape(name)}"'
                self.assertTrue(re.search(declaration, (ROOT / file).read_text()), f"{file} has no such test: {name}")

    def run_block(self, text):
        host = Host()
        self.addCleanup(host.close)
        programs = host.path / "bin"
        programs.mkdir()
        (programs / "concord").write_text(f'#!/bin/sh\nexec "{BINARY}" "$@" --config "{host.config}"\n')
        (programs / "concord").chmod(0o755)
        for source, name in (("trades.csv", "book.csv"), ("statement.htm", "statement.htm")):
            shutil.copy(ROOT / "config" / "sample" / source, host.path / name)
        # As a release has it.
        (host.path / "concord-plugin-api").symlink_to(ROOT / "Sources" / "PluginAPI")
        environment = {**host.environment, "PATH": f"{programs}:{os.environ['PATH']}", "CONCORD": BINARY}
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=host.path, capture_output=True, text=True,
                                env=environment, timeout=600)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
