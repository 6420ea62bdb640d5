"""Libraries of dynamic modules for tests: the package under Examples, built, and variants of it compiled beside it."""

import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import BINARY

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


@functools.cache
def older():
    """A plugin compiled against the first recorded PluginAPI: the text of its face and the header that it had then."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch()))
    record = sorted((ROOT / "Sources" / "PluginAPI" / "Baseline").iterdir())[0]
    shutil.copy(record / "PluginAPI.swiftinterface", folder)
    shutil.copy(record / "CPluginABI.h", folder)
    (folder / "module.modulemap").write_text('module CPluginABI { header "CPluginABI.h" export * }\n')
    library = folder / "libOlder.so"
    run("swiftc", "-emit-library", "-o", library, "-module-name", "Older", "-swift-version", "6", "-I", folder,
        "-L", pathlib.Path(BINARY).parent, "-lPluginAPI", ROOT / "Tests" / "EndToEnd" / "older_plugin.swift")
    return library


# How PluginAPI may grow between two minor versions: what stands there once, and what stands there then.
GROWTH = [
    ("Modules/Module.swift", "    /// Opens what the module needs.", "    func later() -> Int\n\n    /// Opens what the module needs."),
    ("Modules/Module.swift", "    public func start() async throws {}", "    public func later() -> Int { 1 }\n    public func start() async throws {}"),
    ("Modules/Module.swift", "public struct ModuleDescriptor: Sendable {\n", "public struct ModuleDescriptor: Sendable {\n    public var later: [Int] = [1, 2, 3]\n"),
    ("Modules/Module.swift", "public enum ModuleHealth: Sendable, Equatable {\n", "public enum ModuleHealth: Sendable, Equatable {\n    case later(Int)\n"),
    ("Modules/Module.swift", "public enum ModuleError: Error, Equatable, Sendable {\n", "public enum ModuleError: Error, Equatable, Sendable {\n    case later(String, String)\n"),
    ("Modules/ModuleContext.swift", "    public let logger: any Logger\n", "    public let later: (Int, Int) = (1, 2)\n    public let logger: any Logger\n"),
    ("Modules/ConfigurationSpec.swift", "    public var kind: ConfigurationKind\n", "    public var later: Int = 1\n    public var kind: ConfigurationKind\n"),
    ("Queries/Request.swift", "    public var caller: Caller\n", "    public var later: (Int, Int) = (1, 2)\n    public var caller: Caller\n"),
    ("Queries/Reply.swift", "    public var status: Int\n", "    public var later: (Int, Int) = (1, 2)\n    public var status: Int\n"),
    ("Queries/Operation.swift", "    public var method: Method\n", "    public var later: (Int, Int) = (1, 2)\n    public var method: Method\n"),
    ("Queries/Operation.swift", "    public enum Scope: Sendable, Equatable {\n", "    public enum Scope: Sendable, Equatable {\n        case later(Int)\n"),
    ("Queries/ViewReader.swift", "public protocol ViewReader: Sendable {\n", "public protocol ViewReader: Sendable {\n    func later() -> Int\n"),
    ("Queries/ViewReader.swift", "extension ViewReader {\n", "extension ViewReader {\n    public func later() -> Int { 1 }\n"),
]


def on_a_later_api(test):
    """The program beside a PluginAPI that has grown since it was built, as it may within a major version."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch()))
    package = folder / "PluginAPI"
    shutil.copytree(ROOT / "Sources" / "PluginAPI", package)
    for name, old, new in GROWTH:
        file = package / "Sources" / "PluginAPI" / name
        text = file.read_text()
        test.assertEqual(text.count(old), 1, f"{name}: {old}")
        file.write_text(text.replace(old, new))
    run("swift", "build", "--product", "PluginAPI", "--scratch-path", folder / "build", cwd=package)
    shutil.copy(BINARY, folder / "concord")
    shutil.copy(folder / "build" / "debug" / "libPluginAPI.so", folder)
    return str(folder / "concord")


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
