"""Libraries of dynamic modules for tests: the package under Examples, built, and variants of it compiled beside it."""

import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "Examples" / "Turnover"

# What a library that is written in C exports, so that it can say of itself what it likes.
FOREIGN = """
struct build { unsigned major, minor; const char *toolchain; };
struct build concord_plugin(void) { return (struct build){ %(major)s, %(minor)s, %(toolchain)s }; }
void *concord_module(void) { return 0; }
"""


def run(*command, cwd=None):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=cwd, timeout=600)
    if result.returncode != 0:
        raise AssertionError(f"{command}: exit {result.returncode}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}")
    return result.stdout


@functools.cache
def scratch():
    """Where the example is built, once for all tests of a run; the folder of that run."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="concord-plugins-"))
    import atexit
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def example():
    """The library of the package under Examples, built out of the tree by the package's own manifest."""
    run("swift", "build", "--scratch-path", scratch() / "build", cwd=EXAMPLE)
    return scratch() / "build" / "debug" / "libTurnover.so"


def compiled(name, source):
    """The library of one Swift file, compiled against the PluginAPI that the example was built with."""
    built, folder = example().parent, pathlib.Path(tempfile.mkdtemp(dir=scratch()))
    file, library = folder / f"{name}.swift", folder / f"lib{name}.so"
    file.write_text(source)
    run("swiftc", "-emit-library", "-o", library, "-module-name", name, "-swift-version", "6", "-I", built / "Modules",
        "-Xcc", f"-fmodule-map-file={built}/CPluginABI.build/module.modulemap", "-L", built, "-lPluginAPI", file)
    return library


@functools.cache
def variant(*changes):
    """The example with words of its source replaced, as a second version of it is."""
    source = (EXAMPLE / "Sources" / "Turnover" / "TurnoverModule.swift").read_text()
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    return compiled("Turnover", source)


def foreign(name, text=None, **build):
    """A library in C; without a text one that says it was built with something else."""
    here = dict(major="1", minor="0", toolchain="__VERSION__")
    file, library = scratch() / f"{name}.c", scratch() / f"{name}.so"
    file.write_text(text if text is not None else FOREIGN % {**here, **build})
    compiler = shutil.which("clang") or str(pathlib.Path(os.path.realpath(shutil.which("swift"))).parent / "clang")
    run(compiler, "-shared", "-fPIC", "-o", library, file)
    return library


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
