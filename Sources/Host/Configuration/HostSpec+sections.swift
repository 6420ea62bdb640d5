import PluginAPI

/// The host's own sections.
extension HostSpec {
    static let server = [
        ConfigurationKey(
            "host", .notation(HostAddress.notation), default: "127.0.0.1", reloadable: false,
            "The address to listen on; 0.0.0.0 is every IPv4 address of the machine."),
        ConfigurationKey(
            "port", .integer(0...65_535), default: "8000", reloadable: false, "The port; 0 picks a free one."),
        ConfigurationKey(
            "compression", .choice(["gzip", "none"]), default: "gzip", reloadable: false,
            "How cached answers are compressed for clients that take that."),
        ConfigurationKey(
            "compress_from", .size(256...1_048_576), default: "1KiB", reloadable: false,
            "The shortest body that is compressed."),
    ]

    static let admin = [
        ConfigurationKey(
            "host", .notation(HostAddress.notation), default: "127.0.0.1", reloadable: false,
            "The address to listen on: 127.0.0.1, ::1 or localhost."),
        ConfigurationKey(
            "port", .integer(0...65_535), default: "8001", reloadable: false, "The port; 0 picks a free one."),
    ]

    static let auth = [
        ConfigurationKey("jwt", .section(jwt), "How tokens are checked and made."),
        ConfigurationKey(
            "roles", .mapping(.choice(Role.allCases.map(\.rawValue))), default: "{}",
            "What roles of old tokens count as, such as owner: operator."),
    ]

    private static let jwt = [
        ConfigurationKey("algorithm", .choice(["HS256"]), default: "HS256", "The signature of tokens."),
        ConfigurationKey(
            "secret", .text, optional: true, secret: true,
            "The key of the signature, 32 bytes or more; in development with SQLite one is made when absent."),
        ConfigurationKey(
            "lifetime", .duration(.seconds(1) ... .seconds(31_536_000)), default: "24h",
            "How long a token that this host mints is good."),
        ConfigurationKey(
            "leeway", .duration(.zero ... .seconds(600)), default: "30s", "How far clocks may differ."),
    ]

    static let instrument = [
        ConfigurationKey("digits", .integer(0...8), optional: true, "Decimals of its prices."),
        ConfigurationKey(
            "pip", .decimal("0.00000001"..."1000000"), optional: true, "The price step that traders count in."),
        ConfigurationKey(
            "multiplier", .decimal("0.00000001"..."1000000000"), optional: true, "Units of the base in one lot."),
        ConfigurationKey("quote_currency", .text, optional: true, "The currency of its prices."),
        ConfigurationKey("aliases", .list(.text), default: "[]", "Other names of the same instrument."),
    ]

    static let modules = [
        ConfigurationKey("directory", .path, default: "modules", "Where files of dynamic modules lie."),
        ConfigurationKey("sql", .path, default: "config/queries", "Where SQL query services lie."),
        ConfigurationKey(
            "dynamic", .list(.section(dynamicModule)), default: "[]",
            "Query services that are libraries, each with the digest that it must have."),
        ConfigurationKey(
            "traps", .path, default: "var/module-traps", reloadable: false,
            "Where is written down which dynamic module has ended the host."),
        ConfigurationKey(
            "start_timeout", deadline, default: "10s",
            "How long the start of a module may keep the others from serving; it has failed then."),
        ConfigurationKey("limits", .section(moduleLimits), "What calls into one query service may take."),
    ]

    private static let moduleLimits =
        [
            ConfigurationKey(
                "calls", calls, default: "64", "Calls into a module that is compiled in that run at a time."),
            ConfigurationKey(
                "outside_calls", calls, default: "8",
                "The same of an SQL or dynamic module; keep it below the storage's connections."),
        ] + limitsOfOne.filter { $0.name != "calls" }.map(\.preset) + [
            ConfigurationKey(
                "of", .mapping(.section(limitsOfOne)), default: "{}", "What is different for one module, by its ID.")
        ]

    private static let calls = ConfigurationKind.integer(1...10_000)

    /// Of one module by its ID.
    private static let limitsOfOne = [
        ConfigurationKey("calls", calls, optional: true, "Calls that run at a time."),
        ConfigurationKey("queue", .integer(0...1_000_000), optional: true, "Calls that wait for their turn."),
        ConfigurationKey("deadline", deadline, optional: true, "How long a call may take, its wait included."),
        ConfigurationKey("reply", .size(1_024...1_073_741_824), optional: true, "The largest reply."),
        ConfigurationKey(
            "failures", .integer(0...1_000_000), optional: true,
            "Calls in a row that fail before the module is left alone; 0 for never."),
        ConfigurationKey(
            "pause", .duration(.milliseconds(100) ... .seconds(3600)), optional: true,
            "How long it is left alone before one call is tried; each that fails doubles it, up to 16 times."),
    ]

    static let dynamicModule = [
        ConfigurationKey("id", .text, "The module's ID."),
        ConfigurationKey("file", .text, "Its file's name in the directory."),
        ConfigurationKey("sha256", .text, "The file's SHA-256 in hexadecimal."),
        // Checked by the module's own specification.
        ConfigurationKey("config", .mapping(anything(depth: 3)), default: "{}", "Its settings."),
    ]

    private static func anything(depth: Int) -> ConfigurationKind {
        guard depth > 0 else { return .text }
        let inner = anything(depth: depth - 1)
        return .either([.text, .mapping(inner), .list(inner)])
    }

    static let limits = [
        ConfigurationKey("requests_per_minute", rate, default: "600", "Requests of a user or operator."),
        ConfigurationKey("agent_requests_per_minute", rate, default: "60000", "Requests of an agent."),
        ConfigurationKey("failed_auth_per_minute", rate, default: "60", "Bad tokens from one address."),
        ConfigurationKey("body", .size(1024...1_073_741_824), default: "8MiB", "The largest request body."),
        ConfigurationKey("request_timeout", deadline, default: "30s", "How long a request may take."),
    ]

    static let cors = [
        ConfigurationKey(
            "origins", .list(.notation(WebOrigin.notation)), default: "[]",
            "Exact origins, such as https://desk.example.")
    ]

    static let log = [
        ConfigurationKey(
            "level", .choice(LogLevel.allCases.map(\.rawValue)), default: "info", "The least important event written."),
        ConfigurationKey(
            "format", .choice(["json", "text"]), default: "json", reloadable: false, "How events are written."),
    ]
}

extension ConfigurationKey {
    /// The key of one module's limits as that of all; the deadline is that of requests when it is absent.
    fileprivate var preset: ConfigurationKey {
        let presets = ["queue": "4096", "reply": "16MiB", "failures": "10", "pause": "5s"]
        guard let preset = presets[name] else {
            return ConfigurationKey(
                name, kind, optional: true,
                "How long a call may take, its wait included; as long as a request when absent.")
        }
        return ConfigurationKey(name, kind, default: preset, summary)
    }
}
