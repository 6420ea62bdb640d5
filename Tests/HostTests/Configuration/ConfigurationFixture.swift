import PluginAPI

@testable import Host

/// A catalogue with the contract's modules, so that these tests do not move when a module does.
extension ModuleCatalog {
    static let fixture = ModuleCatalog(
        storages: [
            Entry("sqlite", [ConfigurationKey("path", .path, default: "var/concord.db", "The file.")])
        ],
        caches: [
            Entry("memory", [ConfigurationKey("max_size", .size(1_048_576...1_073_741_824), default: "64MiB", "Size.")])
        ],
        services: [
            Entry(
                "book",
                [
                    ConfigurationKey("instruments", .mapping(.section(instrument)), default: "{}", "Table."),
                    ConfigurationKey("retention", .section(retention), "Retention."),
                ]),
            Entry("reconciliation", reconciliation, requires: ["book"]),
            Entry("positions", positions, requires: ["book"]),
            Entry("guards", guards, requires: ["book"]),
        ]
    )

    /// The fixture with PostgreSQL and Redis compiled in.
    static let large: ModuleCatalog = {
        var catalog = fixture
        catalog.storages.append(Entry("postgres", postgres))
        catalog.caches.append(Entry("redis", redis))
        return catalog
    }()

    private static let instrument = [
        ConfigurationKey("digits", .integer(0...8), "Digits."),
        ConfigurationKey("pip", .decimal("0.00000001"..."1000"), "Pip."),
        ConfigurationKey("multiplier", .decimal("0.01"..."1000000"), optional: true, "Units in a lot."),
        ConfigurationKey("aliases", .list(.text), default: "[]", "Other names."),
    ]

    private static let retention = [("snapshots", "7d"), ("runs", "400d"), ("logs", "400d"), ("audit", "keep")].map {
        ConfigurationKey(
            $0.0, .either([.duration(.seconds(60) ... .seconds(3_153_600_000)), .choice(["keep"])]), default: $0.1,
            "Time.")
    }

    private static let grace = ConfigurationKind.duration(.zero ... .seconds(86_400))
    private static let reconciliation = [
        ConfigurationKey("grace", .either([grace, .mapping(grace)]), default: "0s", "Grace."),
        ConfigurationKey("batch_size", .integer(1...100_000), default: "500", "Accounts in a batch."),
        ConfigurationKey(
            "pairing",
            .section([
                ConfigurationKey("window", .duration(.zero ... .seconds(3600)), default: "120s", "Window."),
                ConfigurationKey("price", .notation(pips), default: "20 pips", "Price."),
                ConfigurationKey("candidates", .integer(1...1000), default: "64", "Candidates."),
            ]), "Pairing."),
        ConfigurationKey(
            "tolerance",
            .section(
                ["volume", "entry_price", "take_profit", "stop_loss"].map {
                    ConfigurationKey($0, .notation(pips), default: "exact", "Tolerance.")
                }), "Tolerance."),
        ConfigurationKey("acknowledge_for", .duration(.zero ... .seconds(864_000)), default: "24h", "Time."),
    ]

    private static let pips = ConfigurationNotation(name: "a tolerance", examples: ["exact", "5 pips"]) { text in
        text == "exact" || text.hasSuffix(" pips") ? nil : "has no unit"
    }

    private static let positions = [
        ConfigurationKey("timeout", .duration(.milliseconds(1) ... .seconds(600)), default: "30s", "Deadline.")
    ]

    private static let percent = ConfigurationKind.percentage("0"..."100")
    private static let guards = [
        ConfigurationKey(
            "drawdown",
            .section([
                ConfigurationKey("warning", percent, default: "15%", "Warning."),
                ConfigurationKey("max", percent, default: "20%", "Limit."),
                ConfigurationKey("min_equity", .decimal("0"..."1000000"), default: "100", "Equity."),
                ConfigurationKey("countdown", grace, default: "10s", "Countdown."),
                ConfigurationKey("act", .choice(["close", "report"]), default: "close", "Act."),
            ]), "Drawdown."),
        ConfigurationKey(
            "market",
            .section([
                ConfigurationKey("price_gap", percent, default: "5%", "Gap."),
                ConfigurationKey("spread", percent, default: "0.5%", "Spread."),
                ConfigurationKey("act", .choice(["close", "report"]), default: "report", "Act."),
                ConfigurationKey("enabled", .boolean, default: "true", "Whether it judges."),
            ]), "Market."),
    ]

    private static let postgres = [
        ConfigurationKey("url", .text, secret: true, "Where it is."),
        ConfigurationKey("pool_size", .integer(1...1000), default: "20", "Connections."),
        ConfigurationKey("max_overflow", .integer(0...1000), default: "10", "More of them."),
        ConfigurationKey("statement_timeout", grace, default: "30s", "Deadline."),
    ]

    private static let redis = [
        ConfigurationKey("url", .text, secret: true, "Where it is."),
        ConfigurationKey("connect_timeout", grace, default: "5s", "Deadline."),
        ConfigurationKey("socket_timeout", grace, default: "5s", "Deadline."),
        ConfigurationKey("budget", grace, default: "20ms", "What a request may spend on it."),
    ]
}

extension ModuleCatalog.Entry {
    init(_ id: String, _ keys: [ConfigurationKey], requires: [String] = []) {
        self.init(
            descriptor: ModuleDescriptor(id: id, summary: "The \(id) of the tests", requires: requires),
            specification: ConfigurationSpec(keys))
    }
}

/// Reads a configuration the way every command does, without touching a file.
func load(
    _ yaml: String,
    environment: [String: String] = [:],
    flags: [SettingOverride] = [],
    files: [String: String] = [:],
    catalog: ModuleCatalog = .fixture
) -> ConfigurationReport {
    let loader = ConfigurationLoader(catalog: catalog, environment: environment, flags: flags) { path in
        files[path].map { .success($0) } ?? .failure(FileProblem(detail: "is not there"))
    }
    return loader.load(ConfigurationSource(name: "c.yaml", text: yaml))
}

/// The contract's example, without the sections of modules of later parts.
let contractExample = """
    environment: development         # or production
    server:  { host: 127.0.0.1, port: 8000 }
    admin:   { host: 127.0.0.1, port: 8001 }
    auth:
      jwt: { algorithm: HS256, secret: "${env:JWT_SECRET_KEY}", lifetime: 24h, leeway: 30s }
      roles: {}                      # e.g. { owner: operator, admin: operator } to honour old tokens
    storage:
      use: sqlite                    # or postgres: any registered storage module
      migrate: auto                  # or manual: pending migrations stop the start (exit 3)
      sqlite:   { path: var/concord.db }
    cache:
      use: memory                    # or redis, or none
      prefix: "concord_"
      default_ttl: 10s
      stale_if_error: 60s
      memory: { max_size: 64MiB }    # the in-process cache; with redis it stands in front of Redis
    queries:
      - reconciliation:
          grace: 0s                  # 0s opens at once; or per class: { default: 0s, broker_closed: 10s }
          batch_size: 500            # accounts per scheduled batch
          pairing:   { window: 120s, price: 20 pips, candidates: 64 }
          tolerance: { volume: exact, entry_price: 5 pips, take_profit: 10 pips, stop_loss: 10 pips }
          acknowledge_for: 24h
      - positions: { timeout: 30s }
      - guards:
          drawdown: { warning: 15%, max: 20%, min_equity: 100, countdown: 10s, act: close }
          market:   { price_gap: 5%, spread: 0.5%, act: report }
    instruments: {}                  # SYMBOL: { digits, pip, multiplier, quote_currency, aliases: [] }
    modules: { directory: modules, sql: config/queries, dynamic: [] }   # dynamic: [{ id, file, sha256, config }]
    limits:  { requests_per_minute: 600, agent_requests_per_minute: 60000, failed_auth_per_minute: 60, body: 8MiB, request_timeout: 30s }
    cors:    { origins: [] }
    retention: { snapshots: 7d, runs: 400d, logs: 400d, audit: keep }
    log:     { level: info, format: json }

    """

/// The two sections that need modules of later parts, each put below the line it follows in the contract.
let contractExampleWithServers =
    contractExample
    .replacing(
        "  sqlite:   { path: var/concord.db }\n",
        with: """
              sqlite:   { path: var/concord.db }
              postgres: { url: "${env:DATABASE_URL}", pool_size: 20, max_overflow: 10, statement_timeout: 30s }

            """
    )
    .replacing(
        "with redis it stands in front of Redis\n",
        with: """
            with redis it stands in front of Redis
              redis:  { url: "${env:REDIS_URL}", connect_timeout: 5s, socket_timeout: 5s, budget: 20ms }

            """
    )
