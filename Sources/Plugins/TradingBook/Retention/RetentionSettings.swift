public import PluginAPI

/// How long rows are kept after they arrived, from the configuration's section `retention`; `nil` is for ever.
public struct RetentionSettings: Sendable, Equatable {
    /// What snapshots show; their headers stay.
    public var snapshots: Duration?
    /// What runs found and is resolved; the runs themselves stay.
    public var runs: Duration?
    public var logs: Duration?
    public var audit: Duration?
    /// Events that nobody takes, and dead letters.
    public var events: Duration?

    public init() {}

    /// Keeps everything where the section is not there.
    public init(_ configuration: ModuleConfiguration) {
        guard configuration.has(RetentionSettings.name) else { return }
        let section = configuration.section(RetentionSettings.name)
        func period(_ key: String) -> Duration? {
            if case .duration(let duration)? = section.values[key] { duration } else { nil }
        }
        (snapshots, runs, logs, audit) = (period("snapshots"), period("runs"), period("logs"), period("audit"))
        events = period("events")
    }

    private static let name = "retention"

    /// A section at the top of the file, because it concerns more than one module; the book takes it for all.
    public static let specification = ConfigurationKey(
        name,
        .section([
            ConfigurationKey("snapshots", period, default: "7d", "The contents of broker snapshots."),
            ConfigurationKey("runs", period, default: "400d", "Resolved breaks with their history."),
            ConfigurationKey("logs", period, default: "400d", "The reconciliation log."),
            ConfigurationKey("audit", period, default: "keep", "The audit log."),
            ConfigurationKey("events", period, default: "7d", "Events that no observer takes, and dead letters."),
        ]), "How long rows are kept after they arrived; an account's newest snapshot is never removed.")

    private static let period = ConfigurationKind.either([
        .duration(.seconds(60) ... .seconds(3_153_600_000)), .choice(["keep"]),
    ])
}
