import PluginAPI

/// How often an account's snapshots are expected, as text: `10s`, `5m`, `1h`, `1d`, `250ms`, or `manual`.
public struct SnapshotInterval: Sendable, Equatable {
    /// `nil` is `manual`: neither snapshot nor quotes are ever stale.
    public var duration: Duration?

    public static let `default` = SnapshotInterval(duration: .seconds(10))
    public static let manual = SnapshotInterval(duration: nil)
    private static let microsecondsMin: Int64 = 100_000
    private static let microsecondsMax: Int64 = 7 * 86_400_000_000
    private static let units: [(suffix: String, microseconds: Int64)] = [
        ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
    ]

    public init(duration: Duration?) {
        self.duration = duration
    }

    /// `nil` unless the text is `manual` or a whole number with a unit, between 100 ms and 7 days.
    public init?(parsing text: String) {
        if text == "manual" {
            self = .manual
            return
        }
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        let suffix = String(decoding: text.utf8.dropFirst(digits.count), as: UTF8.self)
        guard (1...9).contains(digits.count), let count = Int64(String(decoding: digits, as: UTF8.self)),
            let unit = Self.units.first(where: { $0.suffix == suffix })
        else { return nil }
        let (microseconds, overflow) = count.multipliedReportingOverflow(by: unit.microseconds)
        guard !overflow, (Self.microsecondsMin...Self.microsecondsMax).contains(microseconds) else { return nil }
        duration = .microseconds(microseconds)
    }

    /// With the largest unit that leaves a whole number.
    public var text: String {
        guard let microseconds = duration?.wholeMicroseconds else { return "manual" }
        for unit in Self.units.reversed() where microseconds.isMultiple(of: unit.microseconds) {
            return "\(microseconds / unit.microseconds)\(unit.suffix)"
        }
        return "\(microseconds / 1_000)ms"
    }
}
