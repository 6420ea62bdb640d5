import PluginAPI

/// Logs, metrics, announcements and cursors that go nowhere.
struct Unheard: Logger, Metrics, CacheInvalidator, CursorSigner, Counter, Gauge, Histogram {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
    func invalidate(_ tags: [CacheTag]) async {}
    func sign(_ lastRow: [Value]) -> String { "" }
    func increment(by amount: Int) {}
    func set(_ value: Double) {}
    func record(_ value: Double) {}
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter { self }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { self }
    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram { self }
}
