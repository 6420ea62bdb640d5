import FoundationEssentials
import PluginTesting
import Testing

@testable import Host

@Suite("The beginning of a compiled-in module")
struct ScaffoldTests {
    @Test(
        "The module's ID follows from the type's name",
        arguments: [
            ("Turnover", "turnover"), ("TurnoverByDay", "turnover_by_day"), ("HTTPCalls", "http_calls"),
            ("Top10Symbols", "top10_symbols"), ("PnL", "pn_l"), ("X", "x"),
        ]
    )
    func identifier(name: String, id: String) throws {
        #expect(try ModuleName(name).id == id)
    }

    @Test(
        "What is no name, or none that a module may have, is refused with a sentence that says why",
        arguments: [
            ("turnover", "no name of a module"), ("", "no name"), ("1st", "no name"),
            ("Turn-over", "no name"),
            ("Turnöver", "no name"), ("../Turnover", "no name"), ("Turn Over", "no name"),
            ("class", "a word of Swift's own"),
            ("Self", "a word of Swift's own"), ("Schema", "something every module uses"),
            ("TurnoverModule", "leave it out"),
            ("TurnoverTests", "leave it out"), (String(repeating: "A", count: 31), "longer than 30"),
        ]
    )
    func refusedNames(name: String, reason: String) {
        let refusal = #expect(throws: ScaffoldRefusal.self) { try ModuleName(name) }
        #expect(refusal?.description.contains(reason) == true, "\(String(describing: refusal))")
    }

    @Test("A service is written whole: its folder, its tests, and the lines that name it")
    func written() throws {
        try Tree.with { tree in
            let paths = try SourceTree(around: "\(tree.root)/Sources").add(try ModuleName("Turnover"), knownIDs: [])

            #expect(paths.count == 6)
            #expect(
                tree.text("Package.swift").contains("        plugin(\"Webhook\"),\n        plugin(\"Turnover\"),\n"))
            #expect(tree.text("Package.swift").contains("\"Webhook\",\n                \"Turnover\",\n            ],"))
            #expect(
                tree.text("Package.swift").contains("tests(\"B\", []),\n        moduleTests(\"Turnover\"),\n"))
            #expect(
                tree.text(Tree.registry).contains("import TradingBook\nimport Turnover\nimport Webhook\n"))
            #expect(
                tree.text(Tree.registry).contains("        WebhookModule.self,\n        TurnoverModule.self,\n    ]"))
            for path in paths { #expect(!tree.text(path).isEmpty, "\(path)") }
        }
    }

    @Test("The module's file is at most 35 lines of 120 columns, with the longest name, too")
    func size() throws {
        for name in ["Turnover", String(repeating: "Ab", count: 15)] {
            let scaffold = CompiledScaffold(name: try ModuleName(name))
            #expect(scaffold.module.split(separator: "\n", omittingEmptySubsequences: false).count <= 36)
            let package = try scaffold.package(Tree.package)
            let registry = try scaffold.registry(Tree.registryText)
            for text in [scaffold.module, scaffold.tests, package, registry] {
                #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(name)")
            }
        }
    }

    @Test(
        "A name that is taken is refused, and nothing is written",
        arguments: [
            ("Webhook", "Package.swift has a target or a product `Webhook`"),
            ("Yams", "Package.swift has a target or a product `Yams`"), ("Ledger", "a module with the ID `ledger`"),
            ("Known", "a module with the ID `known`"), ("Accounts", "the host's own"),
            ("Pnl", "config/queries/pnl.yaml"),
            ("Half", "Sources/Plugins/Half is there already"), ("Tested", "Tests/TestedTests is there already"),
        ]
    )
    func taken(name: String, reason: String) throws {
        try Tree.with { tree in
            let before = tree.everything

            let refusal = #expect(throws: ScaffoldRefusal.self) {
                try SourceTree(around: tree.root).add(try ModuleName(name), knownIDs: ["known"])
            }

            #expect(refusal?.description.contains(reason) == true, "\(String(describing: refusal))")
            #expect(tree.everything == before)
        }
    }

    @Test("A registry that is laid out otherwise is refused, and nothing is written")
    func unfamiliar() throws {
        try Tree.with { tree in
            tree.write("enum BuiltInModules {}\n", to: Tree.registry)
            let before = tree.everything

            let refusal = #expect(throws: ScaffoldRefusal.self) {
                try SourceTree(around: tree.root).add(try ModuleName("Turnover"), knownIDs: [])
            }

            #expect(refusal?.description.contains("there is no place for `import Turnover`") == true)
            #expect(tree.everything == before)
        }
    }

    @Test("When a file cannot be written, what was written before is taken back")
    func takenBack() throws {
        try Tree.with { tree in
            let before = tree.everything
            var change = FileChange(root: tree.root)
            try change.create(folder: "Sources/Plugins/New")
            change.create("Sources/Plugins/New/A.swift", "a")
            change.replace("Package.swift", tree.text("Package.swift"), by: "changed")
            change.create("Package.swift/B.swift", "a file is no folder")

            #expect(throws: (any Error).self) { try change.carryOut() }
            #expect(tree.everything == before)
        }
    }

    @Test("Outside of the source tree there is nothing to add to")
    func elsewhere() {
        let refusal = #expect(throws: ScaffoldRefusal.self) { try SourceTree(around: "/") }
        #expect(refusal?.description.contains("--kind sql needs none") == true)
    }
}

/// As much of a source tree as a module is added to.
private struct Tree {
    let root: String

    static let registry = "Sources/Plugins/BuiltIn/BuiltInModules.swift"
    static let package = """
        let package = Package(
            name: "concord",
            dependencies: [.package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2")],
            targets: [
                .target(
                    name: "BuiltIn",
                    dependencies: [
                        pluginAPI, "MemoryCache",
                        "Webhook",
                    ],
                    path: "Sources/Plugins/BuiltIn"
                ),
                plugin("MemoryCache", ["MemoryBytes"]),
                plugin("Webhook"),
                .product(name: "Yams"),
                tests("A", []),
                tests("B", []),
                tests(
                    "C",
                    []),
            ]
        )

        """
    static let registryText = """
        import MemoryCache
        public import PluginAPI
        import TradingBook
        import Webhook

        public enum BuiltInModules {
            public static let caches: [any CacheBackend.Type] = [MemoryCacheModule.self, RedisCacheModule.self]
            public static let services: [any QueryService.Type] = [
                BookModule.self,
                WebhookModule.self,
            ]
        }

        """

    static func with(_ body: (Tree) throws -> Void) throws {
        let tree = Tree(root: try TemporaryDirectory().path)
        defer { try? FileManager.default.removeItem(atPath: tree.root) }
        tree.write(package, to: "Package.swift")
        tree.write(registryText, to: registry)
        tree.write(
            "static let descriptor = ModuleDescriptor(\n        id: \"ledger\",",
            to: "Sources/Plugins/Book/BookModule.swift")
        tree.write("summary: x", to: "config/queries/pnl.yaml")
        tree.write("", to: "Sources/Plugins/Half/leftover")
        tree.write("", to: "Tests/TestedTests/leftover")
        try body(tree)
    }

    func write(_ text: String, to path: String) {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        try? FileManager.default.createDirectory(
            atPath: url.deletingLastPathComponent().path, withIntermediateDirectories: true)
        try? Data(text.utf8).write(to: url)
    }

    func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(root)/\(path)") ?? Data(), as: UTF8.self)
    }

    /// Every file and folder with what is in it.
    var everything: [String: String] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
        return Dictionary(uniqueKeysWithValues: paths.map { ($0, text($0)) })
    }
}
