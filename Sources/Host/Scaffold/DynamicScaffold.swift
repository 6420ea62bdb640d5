/// The package of a new dynamic module: it builds, passes its tests and answers as it stands, and is small enough to be read at
/// once.
struct DynamicScaffold {
    let module: ModuleName
    /// Where the folder of PluginAPI's package lies, seen from the package's own.
    let api: String

    private var name: String { module.text }
    private var id: String { module.id }

    /// Writes the package into a folder of the module's name.
    ///
    /// - Returns: The paths of what was written.
    /// - Throws: ``ScaffoldRefusal`` when the folder is there; or what the file system says, after what was written has been
    ///   taken back.
    func write(in folder: String) throws -> [String] {
        var change = FileChange(root: folder)
        try change.create(folder: name)
        for (path, text) in files { change.create("\(name)/\(path)", text) }
        try change.carryOut()
        return change.paths
    }

    /// Paths within the package's folder, and what stands there.
    var files: [(path: String, text: String)] {
        [
            (".gitignore", ".build/\nPackage.resolved\n"),
            ("Package.swift", manifest),
            ("README.md", readme),
            ("Sources/\(name)/\(name)Module.swift", service),
            ("Tests/\(name)Tests/\(name)Tests.swift", tests),
        ]
    }

    private var manifest: String {
        """
        // swift-tools-version: 6.2

        import PackageDescription

        let package = Package(
            name: "\(name)",
            platforms: [.macOS(.v15)],
            products: [
                // What a host loads: lib\(name).so.
                .library(name: "\(name)", type: .dynamic, targets: ["\(name)"])
            ],
            dependencies: [
                .package(name: "PluginAPI", path: "\(api)")
            ],
            targets: [
                .target(name: "\(name)", dependencies: [.product(name: "PluginAPI", package: "PluginAPI")]),
                .testTarget(name: "\(name)Tests", dependencies: [.product(name: "PluginTesting", package: "PluginAPI")]),
            ],
            swiftLanguageModes: [.v6]
        )

        """
    }

    private var readme: String {
        """
        # \(name)

        A query service for Concord in a library of its own: `GET /api/v1/\(id)/by_symbol`.

        ```sh
        swift test
        swift build -c release
        concord modules check .build/release/lib\(name).so
        ```

        The tests start a host of their own: `concord` in `PATH`, or what the environment variable `CONCORD` names. The last command
        prints what an operator writes to have the library loaded. It has to be built by the compiler that the host was built by.

        """
    }

    private var service: String {
        #"""
        import CPluginABI
        import PluginAPI

        /// Traded volume by symbol, for accounts that want to know where they are busy.
        public struct \#(name)Module: QueryService {
            public static let descriptor = ModuleDescriptor(
                id: "\#(id)", summary: "Traded volume by symbol", requires: ["book"])
            private let views: any ViewReader

            public init(configuration: ModuleConfiguration, context: ModuleContext) { views = context.views }

            public var operations: [Operation] {
                [
                    .query(
                        "bySymbol", at: "/\#(id)/by_symbol", summary: "Traded volume by symbol", ttl: .seconds(10),
                        parameters: [.time("from", default: .ago(days: 30), "Entered at or after")],
                        reply: .rows(["symbol": .text, "trades": .integer, "lots": .decimal])
                    ) { request in
                        try await views.rows(
                            """
                            SELECT symbol, count(*) AS trades, sum(volume) AS lots FROM v_trades
                            WHERE entry_time >= \(request.time("from"))
                            GROUP BY symbol ORDER BY lots DESC, symbol
                            """, for: request)
                    }
                ]
            }
        }

        @c(concord_plugin) public func plugin() -> concord_plugin_build { concord_plugin_build_here() }
        @c(concord_module) public func module() -> UnsafeMutableRawPointer { DynamicModule(\#(name)Module.self).retained() }

        """#
    }

    private var tests: String {
        ##"""
        import PluginTesting
        import Testing

        /// What clients are answered by a host that has loaded the library.
        @Test func volumeIsSummedBySymbolForTheCallersAccountsAlone() async throws {
            let host = try await HostProcess(loading: "\##(name)")
            defer { host.stop() }
            try await host.put(account: "of-ann", of: "ann")
            try await host.post(
                "/api/v1/trades",
                """
                [
                  { "trade_id": "1", "account_id": "of-ann", "symbol": "EURUSD", "direction": "buy", "volume": 0.10,
                    "entry_price": 1.1, "entry_time": "2026-01-05T10:00:00Z", "status": "open" },
                  { "trade_id": "2", "account_id": "of-ann", "symbol": "EURUSD", "direction": "sell", "volume": 0.25,
                    "entry_price": 1.1, "entry_time": "2026-01-05T11:00:00Z", "status": "open" }
                ]
                """)
            let target = "/api/v1/\##(id)/by_symbol?from=2026-01-01T00:00:00Z"
            #expect(try await host.get(target, as: "ann").body == #"{"rows":[{"symbol":"EURUSD","trades":2,"lots":0.35}]}"#)
            #expect(try await host.get(target, as: "bob").body == #"{"rows":[]}"#)
            #expect(try await host.get("/api/v1/\##(id)/by_symbol?from=yesterday", as: "ann").status == 400)
        }

        """##
    }
}
