/// The files of a new query service that is compiled in: good as they stand, and small enough to be read at once.
struct CompiledScaffold {
    let name: ModuleName

    /// `Sources/Plugins/NAME/NAMEModule.swift`
    var module: String {
        """
        public import PluginAPI

        /// Lots traded, by symbol.
        public struct \(name.type): QueryService {
            public static let descriptor = ModuleDescriptor(
                id: "\(name.id)", summary: "Lots traded, by symbol", requires: ["book"])
            private let views: any ViewReader

            public init(configuration: ModuleConfiguration, context: ModuleContext) {
                views = context.views
            }

            public var operations: [Operation] {
                [
                    .query(
                        "bySymbol", at: "/\(name.id)/by_symbol",
                        summary: "Lots traded, by symbol", ttl: .seconds(10),
                        parameters: [.time("from", default: .ago(days: 30), "Entered at or after")],
                        reply: .rows(["symbol": .text, "trades": .integer, "lots": .decimal])
                    ) { request in
                        try await views.rows(
                            \"""
                            SELECT symbol, count(*) AS trades, sum(volume) AS lots
                            FROM v_trades
                            WHERE entry_time >= \\(request.time("from"))
                            GROUP BY symbol
                            ORDER BY lots DESC, symbol
                            \""", for: request)
                    }
                ]
            }
        }

        """
    }

    /// `Sources/Plugins/NAME/README.md`
    var readme: String {
        """
        # \(name.text)

        The query service for lots traded, by symbol. It keeps no state: it reads the view `v_trades`, of the caller's accounts.

        | query | answers |
        |---|---|
        | `GET /api/v1/\(name.id)/by_symbol` | trades and lots since `from`, by default 30 days ago; the busiest symbol first |

        ## Configuration

        \(ModuleTable.begin)

        \(ModuleTable(keys: []).text)
        \(ModuleTable.end)

        """
    }

    /// `Tests/NAMETests/NAMETests.swift`
    var tests: String {
        """
        import ConcordTesting
        import PluginAPI
        import PluginTesting
        import Testing
        import \(name.text)

        @Suite("\(name.text)")
        struct \(name.tests) {
            private func ask(
                _ host: TestHost,
                _ parameters: KeyValuePairs<String, String> = [:],
                as user: String = "ann"
            ) async throws -> TestReply {
                try await host.ask("\(name.id)", "bySymbol", parameters, as: .user(user))
            }

            @Test("A user is told what their own accounts traded, and nobody else's")
            func bySymbol() async throws {
                try await TestHost.run(\(name.type).self) { host in
                    try await host.book.fill()

                    let bob = try await ask(host, as: "bob")

                    try GoldenReply("by-symbol").compare(try await ask(host))
                    #expect(bob.rows.map { $0["symbol"] } == [.string("GBPUSD")])
                }
            }

            @Test("Trades entered before `from` are left out")
            func from() async throws {
                try await TestHost.run(\(name.type).self) { host in
                    try await host.book.fill()
                    try await host.book.put(trades: [
                        FixtureTrade("new", of: "acc-1", "USDJPY", enteredAt: host.clock.now - .seconds(60))
                    ])

                    let reply = try await ask(host, ["from": "-30m"])

                    #expect(reply.rows.map { $0["symbol"] } == [.string("USDJPY")])
                }
            }

            @Test("An answer is kept until its TTL ends or a trade is written")
            func cached() async throws {
                try await TestHost.run(\(name.type).self) { host in
                    try await host.book.fill()
                    _ = try await ask(host)

                    #expect(try await ask(host).isHit)
                    try await host.book.put(trades: [FixtureTrade("new", of: "acc-1")])
                    let fresh = try await ask(host)

                    #expect(!fresh.isHit)
                    #expect(fresh.rows.first { $0["symbol"] == .string("EURUSD") }?["trades"] == .number("3"))
                }
            }
        }

        """
    }

    /// `Tests/NAMETests/Golden/by-symbol.json`: what `FixtureBook.fill()` comes to for `ann`.
    var golden: String {
        """
        {
          "rows": [
            {
              "symbol": "XAUUSD",
              "trades": 1,
              "lots": 0.5
            },
            {
              "symbol": "EURUSD",
              "trades": 2,
              "lots": 0.3
            }
          ]
        }

        """
    }

    /// What is new in `Package.swift`: the module, its place among what is compiled in, and its tests.
    func package(_ text: String) throws(ScaffoldRefusal) -> String {
        var file = EditedFile("Package.swift", text)
        try file.insert(#"        plugin("\#(name.text)"),"#, below: .last { $0.hasPrefix("        plugin(\"") })
        try file.insert(
            #"                "\#(name.text)","#,
            below: .last(between: #"            name: "BuiltIn","#, and: "            ],") { $0.hasSuffix(",") })
        try file.insert(
            #"        moduleTests("\#(name.text)"),"#,
            below: .last {
                ["tests", "moduleTests"].contains($0.drop { $0 == " " }.prefix { $0 != "(" }) && $0.hasSuffix("),")
            })
        return file.text
    }

    /// What is new in `BuiltInModules.swift`: the import and the line.
    func registry(_ text: String) throws(ScaffoldRefusal) -> String {
        var file = EditedFile("BuiltInModules.swift", text)
        let line = "import \(name.text)"
        if !file.insert(line, aboveFirst: { Self.importedModule($0).map { $0 > name.text } ?? false }) {
            try file.insert(line, below: .last { Self.importedModule($0) != nil })
        }
        try file.insert(
            "        \(name.type).self,",
            below: .last(between: "    public static let services: [any QueryService.Type] = [", and: "    ]") {
                $0.hasSuffix(".self,")
            })
        return file.text
    }

    /// The module that a line imports.
    private static func importedModule(_ line: Substring) -> Substring? {
        guard let range = line.firstRange(of: "import ") else { return nil }
        return line[range.upperBound...]
    }
}
