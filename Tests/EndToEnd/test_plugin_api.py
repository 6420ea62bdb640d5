"""scripts/plugin-api sees what plugins cannot live with, lets pass what they can, and misses no comment and no dead link."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import ROOT

SOURCES = ROOT / "Sources/PluginAPI/Sources/PluginAPI"
# (file, what is there, what is there instead, what is said of it)
BREAKS = [
    ("Queries/Problem.swift", "    public static func tooLarge(", "    static func tooLarge(",
     "Func Problem.tooLarge(_:) has been removed"),
    ("Queries/Problem.swift", "public static func conflict(_ detail: String, errors",
     "public static func conflict(_ detail: String, problems errors",
     "Func Problem.conflict(_:errors:) has been renamed to Func conflict(_:problems:)"),
    ("Queries/Request.swift", 'public var limit: Int { Int(integer("limit") ?? 50) }',
     'public var limit: Int64 { integer("limit") ?? 50 }',
     "Var Request.limit has declared type change from Swift.Int to Swift.Int64"),
    ("Modules/Module.swift", "    func stop() async\n}", "    func stop() async\n    func pause() async\n}",
     "Func Module.pause() has been added as a protocol requirement"),
    ("Values/Timestamp.swift", "    public var microseconds: Int64\n",
     "    public var microseconds: Int64\n    public var zone: Int64 = 0\n",
     "Var Timestamp.zone is added to a non-resilient type"),
    ("Storage/StorageBackend.swift", "    case full(String)\n", "", "EnumElement StorageError.full has been removed"),
    ("Modules/ModuleConfiguration.swift", "    public func integer(_ key: String) -> Int {",
     "    public func integer(_ key: String) throws -> Int {", "Func ModuleConfiguration.integer(_:) is now throwing"),
]
ADDITIONS = [
    ("JSON/JSONLimits.swift", "public struct JSONLimits", "public struct Fresh: Sendable {}\n\npublic struct JSONLimits"),
    ("Modules/Module.swift", "    func stop() async\n}", "    func stop() async\n    func pause() async\n}\n\n"
     "extension Module {\n    public func pause() async {}\n}"),
    ("Modules/Module.swift", "    case ok\n", "    case ok\n    case dozing\n"),
    ("Modules/Module.swift", "    public var version: String\n", "    public var version: String\n    public var more = 0\n"),
    ("Queries/Problem.swift", "    /// 413", "    /// 410: it was there.\n    public static func gone() -> Problem {\n"
     "        Problem(status: 410, title: \"Gone\", detail: \"\")\n    }\n\n    /// 413"),
]


class PluginAPI(unittest.TestCase):
    def sources(self, changes):
        """A copy with the changes."""
        directory = tempfile.TemporaryDirectory(prefix="concord-api-")
        self.addCleanup(directory.cleanup)
        copy = pathlib.Path(directory.name) / "PluginAPI"
        shutil.copytree(SOURCES, copy)
        for name, old, new, *_ in changes:
            text = (copy / name).read_text()
            self.assertIn(old, text, name)
            (copy / name).write_text(text.replace(old, new, 1))
        return copy

    def run_script(self, command, sources):
        result = subprocess.run([ROOT / "scripts/plugin-api", command, "--sources", sources], capture_output=True,
                                text=True, timeout=300)
        return result.returncode, result.stderr.splitlines()

    def test_what_plugins_cannot_live_with_is_told_in_a_sentence_each(self):
        code, said = self.run_script("breakage", self.sources(BREAKS))
        self.assertEqual(code, 1, said)
        for *_, sentence in BREAKS:
            self.assertIn(f"plugin-api: breaks plugins built against PluginAPI 1.0: {sentence}", said)

    def test_additions_that_plugins_never_see_pass(self):
        code, said = self.run_script("breakage", self.sources(ADDITIONS))
        self.assertEqual((code, said), (0, []))

    def test_the_guide_names_every_frozen_type(self):
        page = (SOURCES / "PluginAPI.docc/WhatYouMayRelyOn.md").read_text().partition("## Frozen types")[2].partition("## ")[0]
        texts = [path.read_text() for path in sorted(SOURCES.rglob("*.swift"))]
        frozen = [name for text in texts for name in re.findall(r"@frozen\s+public (?:struct|enum) (\w+)", text)]
        self.assertGreater(len(frozen), 4)
        self.assertEqual([name for name in frozen if f"`{name}`" not in page], [])

    def test_sources_that_do_not_compile_are_no_success(self):
        code, said = self.run_script("breakage", self.sources([("JSON/JSONLimits.swift", "public struct", "public strukt")]))
        self.assertEqual(code, 1)
        self.assertIn("cannot find type 'JSONLimits' in scope", "\n".join(said))

    def test_no_comment_and_a_link_that_leads_nowhere_are_told(self):
        code, said = self.run_script("documentation", self.sources([
            ("Queries/Problem.swift", "    /// 403: a good token without the right.\n", ""),
            ("Queries/Problem.swift", "    /// 404: there is none, or none that the caller may know of.\n", "    /// ---\n"),
            ("PluginAPI.docc/WhatYouMayRelyOn.md", "``Reply/tags``", "``Reply/taggs``"),
            ("PluginAPI.docc/PluginAPI.md", "Begin with <doc:WritingAQueryService>", "Begin with <doc:Nowhere>"),
        ]))
        self.assertEqual(code, 1, said)
        text = "\n".join(said)
        for words in ("Problem.forbidden(_:) has no comment", "Problem.notFound(_:) has no comment",
                      "'taggs' doesn't exist at '/PluginAPI/Reply'", "Nowhere"):
            self.assertIn(words, text)
        self.assertEqual(said[-1], "plugin-api: 4 failures", text)
