// swift-tools-version: 6.2

import PackageDescription

/// Warnings are errors, imports are internal unless said otherwise, and every existential is spelled `any`.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let pluginAPI: Target.Dependency = .product(name: "PluginAPI", package: "PluginAPI")
let conformance: Target.Dependency = .product(name: "PluginConformance", package: "PluginAPI")
let testing: Target.Dependency = .product(name: "PluginTesting", package: "PluginAPI")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
/// Connections of our own, TLS included.
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
/// Requests of our own.
let httpClient: [Target.Dependency] = [
    .product(name: "AsyncHTTPClient", package: "async-http-client"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]

/// A module's target: a folder under `Sources/Plugins` of the same name.
func plugin(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name,
        dependencies: [pluginAPI] + dependencies,
        path: "Sources/Plugins/\(name)",
        exclude: ["README.md"],
        swiftSettings: strict
    )
}

/// - Parameter files: What lies beside the tests and is no source, such as the folder `Golden`.
func tests(_ name: String, _ dependencies: [Target.Dependency], files: [String] = []) -> Target {
    .testTarget(name: name, dependencies: [pluginAPI] + dependencies, exclude: files, swiftSettings: strict)
}

/// The tests of a module, by the test kit.
func moduleTests(_ name: String) -> Target {
    tests("\(name)Tests", [.init(stringLiteral: name), "ConcordTesting", testing], files: ["Golden"])
}

let package = Package(
    name: "concord",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "concord", targets: ["Program"]),
        // What authors of modules test with: a whole host within a test.
        .library(name: "ConcordTesting", targets: ["ConcordTesting"]),
    ],
    dependencies: [
        // The seam between the host and everything it loads; a package of its own so that it stays a dynamic library.
        .package(path: "Sources/PluginAPI"),
        // HTTP server: the best kept one on Swift NIO.
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        // HTTP field names and statuses, the types Hummingbird speaks.
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        // Event loops and buffers under the server.
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        // TLS for `rediss://`: NIO's own, since hiredis 0.14 has none.
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        // Orderly start, signals and shutdown of long-running parts.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        // HTTP requests to webhooks: pools, TLS and deadlines of the server's own family.
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        // SHA-256, HMAC (tokens are signed by HS256, nothing else) and HKDF.
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        // Structured logging.
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        // Commands, help and completion.
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        // YAML whose nodes know their line and column.
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        // The process: a few lines around Host, which tests run too.
        .executableTarget(
            name: "Program",
            dependencies: ["Host", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict
        ),
        .target(
            name: "Host",
            dependencies: [
                pluginAPI, "BuiltIn", "CDynamicModules", "CMalloc", "CZlib", "MemoryBytes", "StorageWork", crypto,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),

        // Tests of modules, in this package and in others.
        .target(name: "ConcordTesting", dependencies: [pluginAPI, testing, "Host"], swiftSettings: strict),

        // Measures the matcher; no part of the product.
        .executableTarget(
            name: "MatcherBenchmark",
            dependencies: [pluginAPI, "Reconciliation", "TradingBook"],
            path: "Benchmarks/Matcher",
            swiftSettings: strict
        ),

        // Modules, in the order they depend on each other.
        .target(
            name: "BuiltIn",
            dependencies: [
                pluginAPI, "MemoryCache", "RedisCache", "SQLiteStorage", "PostgresStorage", "TradingBook",
                "Reconciliation", "Positions", "Guards", "Webhook",
            ],
            path: "Sources/Plugins/BuiltIn",
            swiftSettings: strict
        ),
        plugin("MemoryCache", ["MemoryBytes"]),
        plugin("RedisCache", ["CHiredis"] + nio),
        plugin("SQLiteStorage", ["StorageWork", "CSQLite", crypto]),
        plugin("PostgresStorage", ["StorageWork", "CLibpq"]),
        plugin("TradingBook", ["CLibXML2", crypto]),
        plugin("Reconciliation", ["TradingBook", crypto]),
        plugin("Positions", ["TradingBook"]),
        plugin("Guards", ["TradingBook"]),
        plugin("Webhook", ["TradingBook", crypto] + httpClient),

        // Threads, queues and calls: what the storages whose libraries block have in common. No part of any module's face.
        .target(name: "StorageWork", dependencies: [pluginAPI], swiftSettings: strict),

        // What values take of the process' memory, for tables that are bounded by it. No part of any module's face.
        .target(name: "MemoryBytes", swiftSettings: strict),

        // Calls into libraries opened at run time, and what is written down when one of them ends the process: code that runs
        // in a signal handler is C.
        .target(name: "CDynamicModules"),

        // System libraries.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        // PostgreSQL's own client: prepared statements, binary values, TLS and every form of its URLs.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        // Found without pkg-config, whose flags for hiredis SwiftPM refuses with a warning.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        // gzip; NIO's compressor does not fit the host's own answers.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // jemalloc in place of the C library's allocator, and how it is set: about a sixth less processor time for a cold
        // answer (Benchmarks/README.md).
        .target(name: "CMalloc", linkerSettings: [.linkedLibrary("jemalloc")]),
        .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),

        // Measurements; not part of the product.
        .executableTarget(
            name: "IngestBenchmark",
            dependencies: [pluginAPI, testing, "SQLiteStorage", "TradingBook", "Reconciliation", "Guards"],
            path: "Benchmarks/Ingest",
            swiftSettings: strict
        ),

        .executableTarget(
            name: "CacheBenchmark",
            dependencies: [pluginAPI, testing, "MemoryCache"],
            path: "Benchmarks/Cache",
            swiftSettings: strict
        ),

        .executableTarget(
            name: "RedisBenchmark",
            dependencies: [pluginAPI, testing, "RedisCache"],
            path: "Benchmarks/Redis",
            swiftSettings: strict
        ),

        .executableTarget(
            name: "PostgresBenchmark",
            dependencies: [pluginAPI, "PostgresStorage"],
            path: "Benchmarks/Postgres",
            swiftSettings: strict
        ),

        .executableTarget(
            name: "AnswerBenchmark",
            dependencies: [pluginAPI, testing, "Positions", "TradingBook"],
            path: "Benchmarks/Answer",
            swiftSettings: strict
        ),

        // What Concord's answers are measured beside, by scripts/bench: a server of NIO alone and a bare route of Hummingbird.
        .target(name: "BenchmarkAnswer", path: "Benchmarks/HTTP/Answer", swiftSettings: strict),
        .executableTarget(
            name: "RawServer",
            dependencies: [
                "BenchmarkAnswer",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Benchmarks/HTTP/RawServer",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "HummingbirdServer",
            dependencies: [
                "BenchmarkAnswer",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Benchmarks/HTTP/HummingbirdServer",
            swiftSettings: strict
        ),

        tests("PluginAPITests", [testing]),
        tests("ConcordTestingTests", ["ConcordTesting", "Host", "Positions", testing]),
        tests("MemoryCacheTests", ["CMalloc", "MemoryBytes", "MemoryCache", "CacheBenchmark", conformance, testing]),
        tests("RedisCacheTests", ["RedisCache", "CHiredis", conformance, testing]),
        tests("SQLiteStorageTests", ["SQLiteStorage", "StorageWork", "CSQLite", conformance, testing]),
        tests(
            "PostgresStorageTests",
            [
                "PostgresStorage", "StorageWork", "SQLiteStorage", "TradingBook", "Reconciliation", "Positions",
                "Guards", "CLibpq",
                "BuiltIn", "Host",
                conformance, testing,
            ]),
        tests("TradingBookTests", ["TradingBook", "SQLiteStorage", testing]),
        tests("ReconciliationTests", ["Reconciliation", "TradingBook", "SQLiteStorage", testing]),
        tests("PositionsTests", ["Positions", "TradingBook", "SQLiteStorage", testing]),
        tests("GuardsTests", ["Guards", "Reconciliation", "TradingBook", "SQLiteStorage", testing]),
        tests("WebhookTests", ["Webhook", "TradingBook", testing]),
        tests(
            "HostTests",
            [
                "Host", "BuiltIn", "StorageWork", "MemoryBytes", "MemoryCache", "RedisCache", "CMalloc", "CZlib",
                testing,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
