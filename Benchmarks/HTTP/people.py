"""The load that users were promised an answer under, by Locust."""

import csv
import os
import pathlib
import subprocess

from book import Book
from contenders import program
from scene import concord_with_book, directory

SHAPE = pathlib.Path(__file__).parents[1] / "Locust" / "locustfile.py"


def people(options, stack):
    """`options.users` accounts, and as many people as the file's shape has."""
    book = Book(options.users, options.positions)
    concord, _ = concord_with_book(options, stack, book)
    folder = pathlib.Path(directory(stack))
    (folder / "tokens").write_text("\n".join(book.tokens()) + "\n")
    result = subprocess.run(
        [program("locust"), "-f", str(SHAPE), "--headless", "--only-summary", "--host", f"http://127.0.0.1:{concord.port}",
         "--csv", str(folder / "figures"), "--stop-timeout", "5"],
        env={**os.environ, "CONCORD_TOKENS": str(folder / "tokens")}, capture_output=True, text=True, timeout=600)
    with open(folder / "figures_stats.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        print(f"{row['Name']}: {row['Request Count']} requests, {row['Failure Count']} failed, "
              f"p50 {row['50%']} ms, p95 {row['95%']} ms, p99 {row['99%']} ms")
    looked_up = {result: sum(count for series, count in concord.counters().items()
                             if series.startswith('cache_requests_total{layer="memory"') and f'result="{result}"' in series)
                 for result in ("hit", "miss", "join", "stale", "error")}
    print(f"hit ratio {looked_up['hit'] / sum(looked_up.values()):.3f}")
    if result.returncode != 0 or any(int(row["Failure Count"]) or not int(row["Request Count"]) for row in rows):
        raise SystemExit(f"bench: locust: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
