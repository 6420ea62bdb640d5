import Foundation
public import PluginAPI

/// How an account's broker sets its clocks: what turns the local times of a statement into moments.
///
/// Written as an IANA name (`Europe/Athens`), a fixed distance (`UTC+02:00`), or an IANA name and a distance
/// (`America/New_York+07:00`: New York's clock, changes to summer time included, moved seven hours ahead).
/// Foundation is imported for its zone data alone, which it carries itself: no `tzdata` package is needed.
public struct TimeZoneRule: Sendable, Equatable {
    /// The rule as it was written.
    public let name: String
    /// `nil` for UTC.
    private let zone: TimeZone?
    /// Seconds that the clock stands ahead of the zone's.
    private let shift: Int64

    /// Distances reach from -14:00 to +14:00, as those in use do.
    private static let shiftMax: Int64 = 14 * 3_600

    /// `nil` for a name no zone has, and for a distance that is not `±HH:MM`.
    public init?(parsing text: String) {
        let (base, shift) = TimeZoneRule.split(text)
        guard let shift, abs(shift) <= TimeZoneRule.shiftMax else { return nil }
        if base.utf8.elementsEqual("UTC".utf8) {
            zone = nil
        } else {
            guard TimeZoneRule.isPlausible(base), let known = TimeZone(identifier: base) else { return nil }
            zone = known
        }
        self.name = text
        self.shift = shift
    }

    /// The moment at which the broker's clock showed this time.
    ///
    /// A local hour that comes twice is its first; one that is skipped is read as if the change had not come yet, which
    /// moves it forward by the length of the gap.
    public func timestamp(of civil: CivilTime) -> Timestamp {
        let local = civil.secondsSinceEpoch - shift
        // No zone changes twice within two days, so one of the two offsets around the time is in force at it.
        let before = offset(at: local - 86_400)
        let after = offset(at: local + 86_400)
        let fitting = [before, after].map { local - $0 }.filter { local - $0 == offset(at: $0) }
        return Timestamp(seconds: fitting.min() ?? local - before)
    }

    private func offset(at seconds: Int64) -> Int64 {
        guard let zone else { return 0 }
        return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(seconds))))
    }

    /// The text before a trailing `±HH:MM`, and that in seconds: 0 without one, `nil` when it is no distance.
    private static func split(_ text: String) -> (base: String, shift: Int64?) {
        let bytes = Array(text.utf8)
        guard bytes.count > 6, bytes[bytes.count - 3] == UInt8(ascii: ":") else { return (text, 0) }
        let tail = Array(bytes.suffix(6))
        let digits = [tail[1], tail[2], tail[4], tail[5]].map { Int64($0) - Int64(UInt8(ascii: "0")) }
        let isSigned = tail[0] == UInt8(ascii: "+") || tail[0] == UInt8(ascii: "-")
        guard isSigned, digits.allSatisfy({ (0...9).contains($0) }), digits[2] < 6 else { return (text, nil) }
        let seconds = (digits[0] * 10 + digits[1]) * 3_600 + (digits[2] * 10 + digits[3]) * 60
        let base = String(decoding: bytes.dropLast(6), as: UTF8.self)
        return (base, tail[0] == UInt8(ascii: "-") ? -seconds : seconds)
    }

    /// Keeps names apart that the zone database would read in ways of its own, such as `GMT+3`.
    private static func isPlausible(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64 else { return false }
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
        let hasSign = name.utf8.contains(UInt8(ascii: "+")) || name.utf8.contains(UInt8(ascii: "-"))
        return isLetter(first) && (!hasSign || name.utf8.contains(UInt8(ascii: "/")))
            && name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "_-+/".utf8.contains($0) }
    }
}
