"""Plants faults one at a time in a copy of the tree; the tests named for each must fail. See `scripts/faults`."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAULTS = json.loads((ROOT / "Tests" / "Faults" / "faults.json").read_text())
PAGE = ROOT / "docs" / "proofs.md"
HEADING = "## Planted faults"
TEST_TIME_MAX = 300


class Unfit(Exception):
    """A fault that proves nothing: it cannot be planted, or does not compile, or the tests are red without it."""


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/faults", description="Plants faults and expects red tests.")
    parser.add_argument("--list", action="store_true", help="name the faults and leave")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these faults, not all; the page is not written")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no further fault after so long")
    parser.add_argument("--scratch", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "concord-faults",
                        help="where the copy of the tree is kept and built, from run to run")
    return parser.parse_args()


def copy_tree(scratch):
    """Brings the copy up to date. What has not changed keeps its time, so that little is built again."""
    if scratch.resolve().is_relative_to(ROOT):
        raise Unfit(f"{scratch} lies inside the tree")
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout
    names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for folder, folders, files in os.walk(scratch):
        folders[:] = [name for name in folders if name != ".git" and not name.startswith(".build")]
        for file in files:
            path = pathlib.Path(folder) / file
            if str(path.relative_to(scratch)) not in names:
                path.unlink()
    for name in names:
        target = scratch / name
        if not target.exists() or target.read_bytes() != (ROOT / name).read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    # The packages that the tree has fetched need not be fetched again.
    for name in ["checkouts", "repositories", "artifacts", "workspace-state.json"]:
        source, target = ROOT / ".build" / name, scratch / ".build" / name
        if source.is_dir() and not target.exists():
            shutil.copytree(source, target, symlinks=True)
        elif source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def build(scratch):
    made = subprocess.run(["swift", "build", "--build-tests"], cwd=scratch, capture_output=True, text=True)
    if made.returncode:
        errors = [line for line in (made.stdout + made.stderr).splitlines() if "error:" in line]
        raise Unfit("does not compile: " + "; ".join(errors[:3]))


def is_green(scratch, tests):
    """Whether the tests pass. A crash and an endless run are as red as a failed expectation."""
    command = ["swift", "test", "--skip-build", "--filter", tests]
    try:
        run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=TEST_TIME_MAX)
    except subprocess.TimeoutExpired:
        return False
    if run.returncode == 0 and not re.search(r"Test run with [1-9]\d* test", run.stdout + run.stderr):
        raise Unfit(f"no test is called {tests}")
    return run.returncode == 0


def planted(fault):
    path = ROOT / fault["file"]
    text = path.read_text()
    if text.count(fault["old"]) != 1:
        raise Unfit(f"{fault['name']}: {fault['file']} has `{fault['old']}` {text.count(fault['old'])} times, not once")
    return text.replace(fault["old"], fault["new"])


def judge(fault, scratch):
    path = scratch / fault["file"]
    sound = path.read_text()
    try:
        path.write_text(planted(fault))
        build(scratch)
        return "stayed green" if is_green(scratch, fault["tests"]) else "red"
    except Unfit as problem:
        return str(problem)
    finally:
        path.write_text(sound)


def write_page(results, begun):
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True,
                            text=True).stdout.strip()
    red = sum(result == "red" for _, result in results)
    ran = sum(result != "not run" for _, result in results)
    part = [
        HEADING, "",
        "Written by `scripts/faults`: each fault alone in a copy of the tree, and whether the tests named for it were red.",
        "", f"- Commit: {commit}", f"- {red} of the {ran} planted red, {len(results)} in the list; {(time.monotonic() - begun) / 60:.0f} min", "",
        "| fault | tests |", "|---|---|", *(f"| {fault['name']} | {result} |" for fault, result in results), "",
    ]
    before = PAGE.read_text().split(HEADING)[0].rstrip()
    PAGE.write_text(before + "\n\n" + "\n".join(part))


def main():
    chosen = arguments()
    if chosen.list:
        return print("\n".join(f"{fault['name']}  ({fault['file']})" for fault in FAULTS))
    faults = [fault for fault in FAULTS if not chosen.only or fault["name"] in chosen.only]
    if chosen.only and len(faults) != len(set(chosen.only)):
        raise Unfit("no fault is called so; see --list")
    begun = time.monotonic()
    for fault in FAULTS:
        planted(fault)
    copy_tree(chosen.scratch)
    build(chosen.scratch)
    for tests in sorted({fault["tests"] for fault in faults}):
        if not is_green(chosen.scratch, tests):
            raise Unfit(f"{tests} is red without any fault")
    results = []
    for fault in faults:
        late = time.monotonic() - begun > chosen.minutes * 60
        results.append((fault, "not run" if late else judge(fault, chosen.scratch)))
        print(f"{fault['name']}: {results[-1][1]}", flush=True)
    if not chosen.only:
        write_page(results, begun)
    if any(result not in ("red", "not run") for _, result in results):
        raise Unfit("a fault was not seen")


try:
    main()
except Unfit as problem:
    sys.exit(f"faults: {problem}")
