import PluginAPI
import Synchronization

/// The `Date` header's value, spelled once a second.
final class HTTPDate: Sendable {
    private struct Spelling: Sendable {
        var second: Int64
        var text: String
    }

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private let last = Mutex(Spelling(second: .min, text: ""))

    func text(at now: Timestamp) -> String {
        let second = now.microseconds / 1_000_000
        return last.withLock { last in
            if last.second != second { last = Spelling(second: second, text: Self.spell(second)) }
            return last.text
        }
    }

    /// `Mon, 05 Jan 2026 10:00:00 GMT` (RFC 9110, 5.6.7). The epoch was a Thursday.
    static func spell(_ second: Int64) -> String {
        let time = CivilTime(secondsSinceEpoch: second)
        let day = days[Int(second / 86_400 % 7)]
        let clock = [time.hour, time.minute, time.second].map(twoDigits).joined(separator: ":")
        return "\(day), \(twoDigits(time.day)) \(months[time.month - 1]) \(time.year) \(clock) GMT"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
