"""The read that a query makes, made by PostgreSQL's own measuring program."""

import pathlib
import re
import subprocess

from contenders import program


class Pgbench:
    """Prepared, on as many connections as Concord's pool has."""

    connections = 20

    def __init__(self, concord, postgres, options, ask):
        """Learns the statement from the server's log while `ask` has Concord make it; then Concord starts anew without it."""
        self.database = concord.host.postgres
        self.database.value(f"ALTER DATABASE {self.database.name} SET log_statement = 'all'")
        concord.restart()
        log = pathlib.Path(postgres.data) / "server.log"
        begin = log.stat().st_size
        ask()
        statement = self.statement(log.read_text()[begin:])
        self.database.value(f"ALTER DATABASE {self.database.name} RESET log_statement")
        concord.restart()
        self.script = concord.host.path / "read.sql"
        self.script.write_text(f"\\set account random(1, {options.users})\n{statement};\n")

    @staticmethod
    def statement(log):
        """The one of positions with accounts, its one parameter as pgbench writes it. An entry's further lines begin with a tab."""
        found = re.findall(r"(?m)^[^\t].*?LOG:  execute [^:]*: (SELECT (?:.*\n(?:\t.*\n)*))", log)
        reads = [text.strip() for text in found if "AS holder" in text]
        if not reads or set(re.findall(r"\$\d+", reads[-1])) != {"$1"}:
            raise SystemExit(f"bench: the server's log has no read of positions with one parameter: {found}")
        return reads[-1].replace("$1", ":account")

    def rate(self, seconds):
        """Reads a second."""
        result = subprocess.run(
            [program("pgbench"), "-n", "-M", "prepared", "-c", str(self.connections), "-j", "2", "-T", str(seconds),
             "-f", str(self.script), self.database.url], capture_output=True, text=True, timeout=seconds + 60)
        rate = re.search(r"(?m)^tps = ([\d.]+)", result.stdout)
        if result.returncode != 0 or not rate or "number of failed transactions: 0 " not in result.stdout:
            raise SystemExit(f"bench: pgbench: {result.stdout}{result.stderr}")
        return float(rate.group(1))
