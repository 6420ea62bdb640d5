"""Query services that are libraries: loaded, called, replaced beside the old, refused in a sentence, and found guilty."""

import concurrent.futures
import json
import os
import shutil
import signal
import time
import unittest

import plugins
from harness import Host, at, eventually, trade
from load import Crowd

TRAPPER = """
import CPluginABI
import PluginAPI

public struct TrapperModule: QueryService {
    public static let descriptor = ModuleDescriptor(id: "trapper", summary: "Ends the host", requires: ["book"])
    private let views: any ViewReader
    public init(configuration: ModuleConfiguration, context: ModuleContext) { views = context.views }

    public var operations: [Operation] {
        [
            .query("index", at: "/trapper/index", reply: .rows(["n": .integer])) { (request: Request) in
                Reply(body: [UInt8([1, 2, 3][request.requestID.utf8.count])])
            },
            .query("late", at: "/trapper/late", reply: .rows(["n": .integer])) { (request: Request) in
                _ = try await views.rows("SELECT trade_id FROM v_trades", for: request)
                return Reply(body: try outOfOrder(request))
            },
            .query("pointer", at: "/trapper/pointer", reply: .rows(["n": .integer])) { (request: Request) in
                UnsafeMutablePointer<Int>(bitPattern: 8)!.pointee = request.requestID.utf8.count
                return Reply(body: [])
            },
        ]
    }
}

@inline(never) func outOfOrder(_ request: Request) throws -> [UInt8] {
    fatalError("this is not for clients")
}

@c(concord_plugin) public func plugin() -> concord_plugin_build { concord_plugin_build_here() }
@c(concord_module) public func module() -> UnsafeMutableRawPointer { DynamicModule(TrapperModule.self).retained() }
"""

# Loops without ever suspending, and tells where its code runs.
SPINNER = """
import CPluginABI
import Foundation
import PluginAPI

public struct SpinnerModule: QueryService, ScheduledModule {
    public static let descriptor = ModuleDescriptor(id: "spinner", summary: "Spins", requires: ["book"])
    public static let configuration = ConfigurationSpec([
        ConfigurationKey("spins", .text, default: "nothing", "What spins beside the query of that name.")
    ])
    private let views: any ViewReader
    private let spins: String
    public init(configuration: ModuleConfiguration, context: ModuleContext) {
        (views, spins) = (context.views, configuration.text("spins"))
    }

    public var operations: [PluginAPI.Operation] {
        [
            .query("spin", at: "/spinner/spin", scope: .caller, ttl: .zero, reply: .anyObject) {
                (request: Request) async throws -> Reply in
                spin()
            },
            .query("where", at: "/spinner/where", ttl: .zero, reply: .anyObject) {
                (request: Request) async throws -> Reply in
                let before = here()
                _ = try await views.rows("SELECT trade_id FROM v_trades", for: request)
                let afterView = here()
                try await Task.sleep(for: .milliseconds(1))
                async let child = here()
                return Reply(body: Array("[\\"\\(before)\\", \\"\\(afterView)\\", \\"\\(here())\\", \\"\\(await child)\\"]".utf8))
            },
            .query("fail", at: "/spinner/fail", scope: .caller, ttl: .zero, reply: .anyObject) {
                (request: Request) async throws -> Reply in
                throw Spoken()
            },
        ]
    }

    public func start() async throws {
        if here() != "spinner 0" { throw ModuleError.unavailable(reason: here()) }
    }

    public func health() async -> ModuleHealth {
        if spins == "health" { _ = spin() }
        return here() == "spinner 0" ? .ok : .failed(reason: here())
    }

    public func drain() async { if spins == "end" { _ = spin() } }
    public func stop() async { if spins == "end" { _ = spin() } }

    public var scheduleInterval: Duration { .milliseconds(50) }
    public func runDue(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        if spins == "schedule" { _ = spin() }
        throw Spoken()
    }
}

struct Spoken: Error, CustomStringConvertible {
    var description: String { "said by \\(here())" }
}

/// The thread's name and niceness.
func here() -> String {
    let fields = try! String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8).split(separator: ")")
    return "\\(fields[0].split(separator: "(")[1]) \\(fields[1].split(separator: " ")[16])"
}

@inline(never) func spin() -> Reply {
    var number = here().utf8.count
    while number != 0 { number = number &* 3 | 1 }
    return Reply(body: [])
}

@c(concord_plugin) public func plugin() -> concord_plugin_build { concord_plugin_build_here() }
@c(concord_module) public func module() -> UnsafeMutableRawPointer { DynamicModule(SpinnerModule.self).retained() }
"""

SECOND = (('requires: ["book"])', 'requires: ["book"], version: "2.0.0")'),
          ('"lots": .decimal]', '"lots": .decimal, "largest": .decimal]'),
          ("sum(volume) AS lots FROM", "sum(volume) AS lots, max(volume) AS largest FROM"))

CONFIGURED = (("public init(", """public static let configuration = ConfigurationSpec([
        ConfigurationKey("days", .integer(1...365), default: "30", "How far back."),
        ConfigurationKey("key", .text, secret: true, "For whom it may concern."),
        ConfigurationKey("names", .section([ConfigurationKey("all", .boolean, default: "false", "All.")]), "Names."),
    ])

    public init("""),)


class WithLibraries:
    """A host with a directory of libraries, and a configuration that names some."""

    def __init__(self, extra="", binary=None):
        # The backtraces of a debug build take longer than all the rest.
        self.host = Host("", environment={"SWIFT_BACKTRACE": "enable=no"}, binary=binary)
        self.base = self.host.config.read_text() + extra
        self.directory = self.host.path / "modules"
        self.directory.mkdir()
        self.traps = self.host.path / "traps"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.host.close()

    def put(self, library, name):
        """As an operator would: over what is there, in place."""
        shutil.copyfile(library, self.directory / name)
        return self.directory / name

    def item(self, identifier, name, **fields):
        file = self.directory / name
        known = plugins.digest(file) if file.is_file() else "0" * 64
        return {"id": identifier, "file": name, "sha256": known, **fields}

    def configure(self, *items, directory=None):
        self.host.config.write_text(
            self.base + f"modules:\n  directory: {directory or self.directory}\n  traps: {self.traps}\n  dynamic:\n"
            + ("".join(f"    - {json.dumps(item)}\n" for item in items) or "    []\n"))

    def reload(self, query=""):
        return self.host.request("POST", f"/admin/config/reload{query}", self.host.operator, port=self.host.admin_port)

    def module(self, identifier):
        modules = self.host.ok("GET", "/admin/modules", self.host.operator, port=self.host.admin_port)["modules"]
        return next((module for module in modules if module["id"] == identifier), None)


def fill(host):
    for user in ("ann", "bob"):
        host.put_account(f"of-{user}", user)
        host.ok("POST", "/api/v1/trades", host.agent,
                [trade(f"{user}-{n}", f"of-{user}", volume=n + 0.5) for n in range(3)])


class Served(unittest.TestCase):
    def setUp(self):
        self.files = WithLibraries()
        self.addCleanup(self.files.host.close)
        self.host = self.files.host
        self.files.put(plugins.example(), "turnover.so")

    def turnover(self, user="ann", **options):
        return self.host.request("GET", "/api/v1/turnover/by_symbol?from=-3650d", self.host.token(user), **options)

    def test_a_library_built_elsewhere_answers_with_everything_a_module_has(self):
        self.files.configure(self.files.item("turnover", "turnover.so"))
        self.host.serve()
        fill(self.host)
        first = self.turnover()
        self.assertEqual(first.json, {"rows": [{"symbol": "EURUSD", "trades": "3", "lots": "4.5"}]})
        self.assertIn("hit", self.turnover().headers["cache-status"])
        # Rows of its caller's accounts alone, whatever it says.
        self.assertEqual(self.turnover("nobody").json, {"rows": []})
        self.assertEqual(self.host.get("/api/v1/turnover/by_symbol?account_id=of-bob", self.host.token("ann")).status, 404)
        self.assertEqual(self.host.get("/api/v1/turnover/by_symbol?frm=-1d", self.host.token("ann")).status, 400)
        self.assertEqual(self.host.request("GET", "/api/v1/turnover/by_symbol").status, 401)
        # A write makes its answers stale as it does everybody's.
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade("ann-9", "of-ann", volume=1)])
        self.assertEqual(self.turnover().json["rows"][0]["lots"], "5.5")
        self.assertIn("/api/v1/turnover/by_symbol", self.host.request("GET", "/api/v1/openapi.json").json["paths"])
        self.assertGreater(self.host.metric('module_calls_total{module="turnover"'), 0)
        self.assertEqual(self.files.module("turnover")["status"], "ok")

    def test_a_second_version_takes_over_beside_the_first_and_no_request_is_lost(self):
        self.files.configure(self.files.item("turnover", "turnover.so"))
        self.host.serve()
        fill(self.host)
        second = plugins.variant(*SECOND)
        descriptors = lambda: len(os.listdir(f"/proc/{self.host.process.pid}/fd"))
        crowd = Crowd(self.host, [("/api/v1/turnover/by_symbol?from=-3650d", self.host.token(user)) for user in ("ann", "bob")], pause=0)
        with crowd:
            for turn in range(6):
                # Over the file that is in use: the host has its own copy.
                self.files.put(plugins.example() if turn % 2 else second, "turnover.so")
                self.files.configure(self.files.item("turnover", "turnover.so"))
                answer = self.files.reload()
                self.assertEqual(answer.status, 200, answer)
                changes = {module["id"]: module for module in answer.json["plan"]["modules"]}
                self.assertEqual(changes["turnover"]["change"], "changed")
                self.assertEqual(changes["turnover"]["settings"], ["modules.dynamic"])
                self.assertEqual(changes["positions"]["change"], "unchanged")
                row = self.turnover().json["rows"][0]
                self.assertEqual("largest" in row, turn % 2 == 0)
                if turn == 1:
                    # Both are loaded now, and stay.
                    known = descriptors()
            self.assertEqual(self.files.module("turnover")["version"], "1.0.0")
        self.assertEqual(crowd.failures, [])
        self.assertGreater(crowd.answered, 100)
        self.assertLessEqual(descriptors(), known + 2)

    def test_a_broken_library_leaves_the_one_in_use_serving(self):
        self.files.configure(self.files.item("turnover", "turnover.so"))
        self.host.serve()
        fill(self.host)
        self.files.put(plugins.foreign("other", toolchain='"Swift of another time"'), "other.so")
        for items, word in [
            ([self.files.item("turnover", "other.so")], "another compiler"),
            ([self.files.item("turnover", "turnover.so", sha256="0" * 64)], "is not the file's"),
            ([self.files.item("turnover", "turnover.so", config={"days": 1})], "unknown key `days`"),
        ]:
            self.files.configure(*items)
            answer = self.files.reload()
            self.assertEqual(answer.status, 422, answer)
            self.assertIn(word, answer.body)
            self.assertEqual(self.turnover().status, 200)
        self.files.configure()
        self.assertEqual(self.files.reload().status, 200)
        self.assertEqual(self.turnover().status, 404)

    def test_its_settings_are_checked_by_its_own_specification(self):
        self.files.put(plugins.variant(*CONFIGURED), "turnover.so")
        for config, place, word in [
            ({"key": "x", "days": 400}, "modules.dynamic.turnover.config.days", "365"),
            ({"key": "x", "dys": 4}, "modules.dynamic.turnover.config.dys", "did you mean `days`"),
            ({}, "modules.dynamic.turnover.config.key", "is required"),
            ({"key": "x", "names": {"all": "perhaps"}}, "modules.dynamic.turnover.config.names.all", "perhaps"),
        ]:
            self.files.configure(self.files.item("turnover", "turnover.so", config=config))
            checked = self.host.run("check", "--format", "json")
            self.assertEqual(checked.returncode, 2, checked.stdout)
            mistake = json.loads(checked.stdout)["mistakes"][0]
            self.assertEqual(mistake["key"], place)
            self.assertIn(word, json.dumps(mistake, ensure_ascii=False))
        self.files.configure(self.files.item("turnover", "turnover.so", config={"key": "unheard-of", "days": 3}))
        self.assertEqual(self.host.run("check").returncode, 0)
        self.host.serve()
        shown = self.host.request("GET", "/admin/config", self.host.operator, port=self.host.admin_port)
        self.assertNotIn("unheard-of", shown.body)
        self.assertIn("•••", shown.body)


class Spinning(unittest.TestCase):
    """A module has threads of its own, which it may hold for ever."""

    LIMITS = "limits: { of: { spinner: { calls: 4, deadline: 500ms } } }"

    def setUp(self):
        self.files = WithLibraries()
        self.addCleanup(self.files.host.close)
        self.host = self.files.host
        self.files.put(plugins.compiled("Spinner", SPINNER), "spinner.so")

    def serve(self, **settings):
        config = {"config": settings} if settings else {}
        self.files.configure(self.files.item("spinner", "spinner.so", **config))
        self.host.config.write_text(self.host.config.read_text().replace("modules:\n", f"modules:\n  {self.LIMITS}\n"))
        self.host.serve(until="/api/v1/health")
        fill(self.host)

    def others_serve(self):
        """What no cache has, on storage and by code of the host's own."""
        for number in range(20):
            answer = self.host.get(f"/api/v1/positions/open?account_id=of-ann&symbol=S{number}", self.host.token("ann"))
            self.assertEqual(answer.status, 200, answer)

    def spin(self):
        return self.host.get("/api/v1/spinner/spin", self.host.token("ann"))

    def overdue(self):
        return self.host.metric('module_calls_overdue{module="spinner"}')

    def test_its_code_runs_there_and_nowhere_else(self):
        self.serve()
        answer = self.host.get("/api/v1/spinner/where?account_id=of-ann", self.host.token("ann"))
        self.assertEqual(answer.json, ["spinner 0"] * 4)
        eventually(lambda: (self.files.module("spinner")["last_error"] or {}).get("reason") == "said by spinner 0")
        self.assertEqual(self.host.get("/api/v1/spinner/fail", self.host.token("ann")).status, 500)
        self.assertIn('"error":"said by spinner 0"', self.host.logs())
        self.assertEqual(self.files.module("spinner")["status"], "ok")

    def test_calls_that_spin_are_answered_at_their_deadline_and_hold_up_nobody(self):
        # How long a replaced version is kept for its requests.
        self.files.base = self.files.base.replace("limits: {", "limits: { request_timeout: 5s,", 1)
        self.serve()
        with concurrent.futures.ThreadPoolExecutor(6) as callers:
            answers = [future.result() for future in [callers.submit(self.spin) for _ in range(6)]]
        self.assertEqual([answer.status for answer in answers], [503] * 6)
        # Alone at first, since it has not answered yet: the others waited behind it.
        with concurrent.futures.ThreadPoolExecutor(6) as callers:
            answers = [future.result() for future in [callers.submit(self.spin) for _ in range(6)]]
        self.assertEqual([answer.status for answer in answers], [503] * 6)
        eventually(lambda: self.overdue() == 4)
        self.others_serve()
        self.assertIn("not come back", self.spin().body)
        ready = self.host.request("GET", "/api/v1/ready")
        self.assertEqual((ready.status, ready.json["status"]), (200, "degraded"))
        # Another version of it has threads of its own.
        self.files.put(plugins.compiled("Spinner", SPINNER + "// mended"), "spinner.so")
        self.files.configure(self.files.item("spinner", "spinner.so"))
        self.assertEqual(self.files.reload().status, 200)
        self.assertEqual(self.host.get("/api/v1/spinner/where?account_id=of-ann", self.host.token("ann")).status, 200)
        eventually(lambda: "calls into a replaced module have not come back" in self.host.logs())
        self.assertEqual(self.host.stop(), 0)

    def test_versions_that_spin_at_their_end_leave_the_storage_time_to_stop(self):
        self.serve(spins="end")
        for number in range(2):
            self.files.put(plugins.compiled("Spinner", SPINNER + f"// {number}"), "spinner.so")
            self.files.configure(self.files.item("spinner", "spinner.so", config={"spins": "end"}))
            self.assertEqual(self.files.reload().status, 200)
        # Waits no longer than a supervisor would.
        self.assertEqual(self.host.stop(), 0)
        self.assertFalse((self.host.path / "concord.db-wal").exists())

    def test_whatever_spins_is_its_own(self):
        self.serve(spins="health")
        eventually(lambda: "its health check took longer" in (self.files.module("spinner")["reason"] or ""))
        self.others_serve()
        self.host.stop(signal.SIGKILL)
        self.serve(spins="schedule")
        self.others_serve()
        self.assertEqual(self.files.module("spinner")["status"], "ok")


class Refused(unittest.TestCase):
    """Each by `concord check` and by the start, at its place in the file."""

    def setUp(self):
        self.files = WithLibraries()
        self.addCleanup(self.files.host.close)
        self.files.put(plugins.example(), "turnover.so")

    def refused(self, *items, word, key="file", directory=None):
        self.files.configure(*items, directory=directory)
        checked = self.files.host.run("check")
        self.assertEqual(checked.returncode, 2, checked.stdout + checked.stderr)
        lines = checked.stderr.splitlines()
        self.assertIn(word, lines[0])
        self.assertRegex(lines[0], rf"^[^ ]+concord\\.yaml:\\d+:\\d+: error: `modules\\.[^`]*{key}` ".replace("\\\\", "\\"))
        self.assertEqual(self.files.host.run("serve").returncode, 2)

    def library(self, library, **fields):
        name = os.path.basename(library)
        self.files.put(library, name)
        return self.files.item("turnover", name, **fields)

    def test_of_another_toolchain(self):
        self.refused(self.library(plugins.foreign("a", toolchain='"Swift 5.0"')), word="toolchain “Swift 5.0”")

    def test_of_an_older_api(self):
        self.refused(self.library(plugins.foreign("a", major="0", minor="9")), word="older PluginAPI: API version 0.9")

    def test_of_a_newer_api(self):
        self.refused(self.library(plugins.foreign("a", minor="4000")), word="newer PluginAPI: API version 1.4000")
        self.refused(self.library(plugins.foreign("b", major="2")), word="newer PluginAPI: API version 2.0")

    def test_that_needs_what_this_api_does_not_have(self):
        source = plugins.FOREIGN % dict(major="1", minor="0", toolchain="__VERSION__") + (
            'extern void later(void) __asm__("$s9PluginAPI5LaterV5helloyyF");\nvoid *call(void) { return later; }\n')
        self.refused(self.library(plugins.foreign("a", source)), word="PluginAPI.Later.hello() -> ()")

    def test_that_needs_what_nobody_has(self):
        source = plugins.FOREIGN % dict(major="1", minor="0", toolchain="__VERSION__") + (
            "extern void elsewhere(void);\nvoid *call(void) { return elsewhere; }\n")
        self.refused(self.library(plugins.foreign("a", source)), word="nothing here has elsewhere")

    def test_that_is_no_module(self):
        self.refused(self.library(plugins.foreign("a", "int nothing;\n")), word="exports no concord_plugin")
        text = plugins.scratch() / "text.so"
        text.write_text("not a library\n")
        self.refused(self.library(text), word="is no shared library")
        (self.files.directory / "folder.so").mkdir()
        self.refused(self.files.item("turnover", "folder.so"), word="is not a regular file")
        self.refused(self.files.item("turnover", "nowhere.so"), word="No such file")

    def test_whose_symbol_is_missing(self):
        source = plugins.FOREIGN % dict(major="1", minor="0", toolchain="__VERSION__")
        self.refused(self.library(plugins.foreign("a", source.replace("concord_module", "concord_modul"))),
                     word="exports no concord_module")
        self.refused(self.library(plugins.foreign("b", source)), word="concord_module gives nothing")

    def test_whose_requirement_is_not_there_yet(self):
        self.files.put(plugins.variant(('id: "turnover"', 'id: "behind"'), ('requires: ["book"]', 'requires: ["turnover"]'),
                                       ('"/turnover/', '"/behind/')), "behind.so")
        behind, turnover = self.files.item("behind", "behind.so"), self.files.item("turnover", "turnover.so")
        for items, place, word in [
            ([behind, turnover], "0", "requires turnover, which comes later in `modules.dynamic`"),
            ([behind], "0", "requires turnover, and there is no module of that ID"),
        ]:
            self.files.configure(*items)
            checked = self.files.host.run("check")
            self.assertEqual(checked.returncode, 2, checked.stderr)
            first = checked.stderr.splitlines()[0]
            self.assertRegex(first, rf"concord\.yaml:\d+:\d+: error: `modules\.dynamic\[{place}\]` requires")
            self.assertIn(word, first)
        self.files.configure(turnover, behind)
        self.assertEqual(self.files.host.run("check").returncode, 0)

    def test_that_was_cut_off_anywhere(self):
        whole = plugins.example().read_bytes()
        cut = self.files.directory / "cut.so"
        for length in [0, 3, 4, 63, 64, 500, 4096, len(whole) // 2, len(whole) - 65, len(whole) - 1]:
            cut.write_bytes(whole[:length])
            self.refused(self.files.item("turnover", "cut.so"),
                         word="is no shared library" if length < 4 else "is not a whole library")

    def test_of_another_digest(self):
        self.refused(self.files.item("turnover", "turnover.so", sha256="ab" * 32), word="is not the file's", key="sha256")
        self.refused(self.files.item("turnover", "turnover.so", sha256="ab"), word="64 hexadecimal digits", key="sha256")

    def test_in_a_place_that_others_may_write(self):
        self.files.directory.chmod(0o777)
        self.refused(self.files.item("turnover", "turnover.so"), word="may be written by everybody", key="directory")
        self.files.directory.chmod(0o775)
        self.refused(self.files.item("turnover", "turnover.so"), word="may be written by its group", key="directory")
        self.files.directory.chmod(0o755)
        (self.files.directory / "turnover.so").chmod(0o666)
        self.refused(self.files.item("turnover", "turnover.so"), word="may be written by everybody")
        self.refused(self.files.item("turnover", "../modules/turnover.so"), word="is no name of a file")
        self.refused(self.files.item("turnover", "turnover.so"), word="is no directory", key="directory",
                     directory=self.files.host.path / "elsewhere")

    def test_under_an_id_that_is_taken_or_not_its_own(self):
        item = self.files.item("turnover", "turnover.so")
        self.refused(item, item, word="another item has", key="id")
        self.refused({**item, "id": "positions"}, word="is compiled in", key="id")
        self.refused({**item, "id": "turn_over"}, word="calls itself “turnover”", key="id")
        self.refused({**item, "id": "Turnover"}, word="lower-case letter", key="id")
        queries = self.files.host.path / "queries"
        queries.mkdir()
        (queries / "turnover.yaml").write_text("methods: { all: { sql: SELECT trade_id FROM v_trades } }\n")
        self.files.configure(item)
        text = self.files.host.config.read_text()
        self.files.host.config.write_text(text.replace("  dynamic:\n", f"  sql: {queries}\n  dynamic:\n"))
        checked = self.files.host.run("check")
        self.assertEqual(checked.returncode, 2)
        self.assertIn("turnover", checked.stderr)


    def test_that_ends_or_holds_up_whoever_opens_it(self):
        """Another process opens it first; a host that serves is asked to load it, and goes on."""
        good = plugins.FOREIGN % dict(major="1", minor="0", toolchain="__VERSION__")
        begin = "__attribute__((constructor)) static void begin(void) { %s; }\n"
        libraries = {
            "trap": (good + begin % "__builtin_trap()", "with signal 4"),
            "exit": ("#include <unistd.h>\n" + good + begin % "_exit(7)", "with status 7"),
            "stop": (good + begin % "__builtin_debugtrap()", "with signal 5"),
            "pointer": (good.replace("return 0;", "static long x[8]; return x;"), "with signal"),
            "data": (good.replace("void *concord_module(void) { return 0; }", "int concord_module = 3;"),
                     "exports no concord_module"),
        }
        for name, (source, word) in libraries.items():
            self.refused(self.library(plugins.foreign(name, source)), word=word)
        # Damaged where only the system's loader looks.
        whole = bytearray(plugins.foreign("whole", good).read_bytes())
        damaged = plugins.scratch() / "damaged.so"
        found = 0
        for place in range(0x200, 0x600, 37):
            damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1:])
            self.files.configure(self.library(damaged))
            checked = self.files.host.run("check")
            self.assertEqual(checked.returncode, 2, f"{place}: {checked.stderr}")
            found += "ended the process" in checked.stderr
        self.assertGreater(found, 0)
        self.files.configure()
        self.files.host.serve()
        for name in ("trap", "exit", "damaged"):
            library = damaged if name == "damaged" else plugins.foreign(name, libraries[name][0])
            self.files.configure(self.library(library))
            for query in ("?dry_run=true", ""):
                self.assertEqual(self.files.reload(query).status, 422)
        self.files.configure(self.library(plugins.foreign("hang", "#include <unistd.h>\n" + good + begin % "for (;;) pause()")))
        answer = self.files.reload()
        self.assertEqual(answer.status, 422)
        self.assertIn("did not come back from being opened", answer.body)
        self.assertEqual(self.files.host.request("GET", "/api/v1/ready").status, 200)

    def test_with_operations_that_nobody_would_get_through_to(self):
        for path, word in [("/health", "answered by the host itself"), ("/turn over", "is no path"),
                           ("/%61ccounts", "is no path"), ("/../admin", "is no path"), ("turnover", ""), ("/accounts", "")]:
            library = plugins.variant(('at: "/turnover/by_symbol"', f'at: "{path}"'))
            self.files.put(library, "odd.so")
            self.files.configure(self.files.item("turnover", "odd.so"))
            checked = self.files.host.run("check")
            self.assertEqual(checked.returncode, 2, path)
            self.assertIn(word, checked.stderr)


class Overridden(unittest.TestCase):
    def test_libraries_are_opened_where_the_environment_says(self):
        with WithLibraries() as files:
            files.put(plugins.example(), "turnover.so")
            files.configure(files.item("turnover", "turnover.so"), directory="/nowhere")
            self.assertEqual(files.host.run("check").returncode, 2)
            environment = {**files.host.environment, "CONCORD__MODULES__DIRECTORY": str(files.directory)}
            checked = files.host.run("check", environment=environment)
            self.assertEqual(checked.returncode, 0, checked.stderr)


class Traps(unittest.TestCase):
    """A module that ends the process is found out; after the third time the host starts without it."""

    def serve(self):
        self.files.host.serve(until="/api/v1/health")

    def trap(self, path):
        host = self.files.host
        with self.assertRaises(OSError):
            host.get(f"/api/v1/trapper/{path}?account_id=of-ann", host.agent)
        host.process.wait(30)
        self.assertLess(host.process.returncode, 0)

    def news(self):
        logs = [json.loads(line) for line in self.files.host.logs().splitlines() if line.startswith("{")]
        return [line for line in logs if line["message"] == "a dynamic module ended the host"]

    def test_are_told_at_the_next_start_and_counted(self):
        with WithLibraries() as self.files:
            host = self.files.host
            self.files.put(plugins.compiled("Trapper", TRAPPER), "trapper.so")
            self.files.put(plugins.example(), "turnover.so")
            self.files.configure(self.files.item("turnover", "turnover.so"), self.files.item("trapper", "trapper.so"))
            self.serve()
            host.put_account("of-ann", "ann")
            for number, path in enumerate(["index", "late", "pointer"]):
                if number: self.serve()
                self.assertEqual(len(self.news()), number)
                self.assertEqual(self.files.module("trapper")["status"], "ok")
                self.trap(path)
            self.serve()
            told = self.news()
            self.assertEqual([line["id"] for line in told], ["trapper"] * 3)
            self.assertEqual([line["signal"] for line in told],
                             [str(int(signal.SIGILL)), str(int(signal.SIGILL)), str(int(signal.SIGSEGV))])
            self.assertIn("closure #1", told[0]["function"])
            self.assertIn("Trapper.outOfOrder", told[1]["function"])
            # It is there, and does not serve; the others do.
            self.assertEqual(host.get("/api/v1/trapper/index?account_id=of-ann", host.agent).status, 404)
            self.assertEqual(host.get("/api/v1/turnover/by_symbol?account_id=of-ann", host.agent).status, 200)
            ready = host.request("GET", "/api/v1/ready")
            self.assertEqual(ready.json["checks"]["trapper"], {"status": "down", "reason": "it did not start"})
            self.assertEqual(ready.json["status"], "degraded")
            module = self.files.module("trapper")
            self.assertEqual(module["status"], "failed")
            self.assertIn("ended the host 3 times in ten minutes", module["reason"])
            # Told once, and no reload brings it back.
            self.files.configure(self.files.item("trapper", "trapper.so"))
            self.assertEqual(self.files.reload().status, 200)
            self.assertEqual(self.files.module("trapper")["status"], "failed")
            # Nobody knows what its settings should be.
            self.files.configure(self.files.item("trapper", "trapper.so", config={"no": "such"}))
            checked = host.run("check")
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertIn("the host starts without trapper: it has ended the host 3 times", checked.stderr)
            self.assertIn("; its `config` is not checked", checked.stderr)
            self.files.configure(self.files.item("trapper", "trapper.so"))
            self.assertNotIn("is not checked", host.run("check").stderr)
            host.stop()
            self.serve()
            self.assertEqual(len(self.news()), 3)
            host.stop()
            # Another file of that name has done nothing yet.
            self.files.put(plugins.compiled("Trapper", TRAPPER + "// mended\n" + "public let mended = 1\n"), "trapper.so")
            self.files.configure(self.files.item("trapper", "trapper.so"))
            self.serve()
            self.assertEqual(self.files.module("trapper")["status"], "ok")

    def test_a_removed_file_has_the_module_tried_again_and_later_traps_are_told(self):
        with WithLibraries() as self.files:
            self.files.put(plugins.compiled("Trapper", TRAPPER), "trapper.so")
            self.files.configure(self.files.item("trapper", "trapper.so"))
            line = f"trap {int(time.time())} trapper {plugins.digest(self.files.directory / 'trapper.so')} 4 1\n"
            self.files.traps.write_text(line * 3)
            self.serve()
            self.files.host.put_account("of-ann", "ann")
            self.assertEqual(self.files.module("trapper")["status"], "failed")
            self.files.traps.unlink()
            self.assertEqual(self.files.reload().status, 200)
            self.assertEqual(self.files.module("trapper")["status"], "ok")
            self.trap("index")
            self.serve()
            self.assertEqual([line["id"] for line in self.news()], ["trapper"] * 4)

    def test_of_somebody_else_are_not(self):
        with WithLibraries() as self.files:
            self.files.put(plugins.example(), "turnover.so")
            self.files.configure(self.files.item("turnover", "turnover.so"))
            self.serve()
            self.files.host.process.send_signal(signal.SIGABRT)
            self.files.host.process.wait(30)
            self.assertEqual(self.files.host.process.returncode, -signal.SIGABRT)
            self.serve()
            self.assertEqual(self.news(), [])
            self.assertNotIn("trap ", self.files.traps.read_text())


class Older(unittest.TestCase):
    """A plugin that was built against the first recorded PluginAPI, on the one of today and on one that has grown further."""

    def check(self, binary):
        files = WithLibraries(binary=binary)
        self.addCleanup(files.host.close)
        host = files.host
        files.put(plugins.older(), "older.so")
        files.configure(files.item("older", "older.so", config={"note": "none"}))
        refused = host.run("check")
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("`modules.dynamic.older.config.note` says nothing", refused.stderr)
        files.configure(files.item("older", "older.so", config={"note": "kept to itself", "least": 1}))
        host.serve()
        fill(host)
        rows = host.ok("GET", "/api/v1/older/trades?symbol=EURUSD&limit=5", host.token("ann"))["rows"]
        self.assertEqual([(row["trade_id"], row["volume"]) for row in rows], [("ann-1", "1.5"), ("ann-2", "2.5")])
        self.assertEqual(host.get("/api/v1/older/trades?limit=501", host.token("ann")).status, 400)
        host.snapshot("of-ann", at(0), [])
        answer = eventually(lambda: (lambda reply: reply["seen"] != "0" and reply)(
            host.ok("GET", "/api/v1/older/sum/of-ann", host.token("ann"))))
        self.assertEqual((answer["sum"], answer["asked"]), ("4.5", "user"))
        host.put_account("empty", "ann")
        self.assertEqual(host.get("/api/v1/older/sum/empty", host.token("ann")).status, 404)
        everything = host.ok("GET", "/admin/older", host.operator, port=host.admin_port)
        self.assertEqual(everything, {"trades": "6"})
        eventually(lambda: host.metric("older_looks_total") > 1)
        eventually(lambda: files.module("older")["status"] == "degraded")
        self.assertEqual(files.module("older")["reason"], "it is old")
        self.assertIn("•••", next(line for line in host.logs().splitlines() if "older module started" in line))
        files.configure()
        self.assertEqual(files.reload().status, 200)
        self.assertEqual(host.get("/api/v1/older/trades", host.token("ann")).status, 404)

    def test_works_on_todays(self):
        self.check(None)

    def test_works_on_one_with_more_fields_cases_and_requirements(self):
        self.check(plugins.on_a_later_api(self))


if __name__ == "__main__":
    unittest.main()
