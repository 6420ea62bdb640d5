/// A length of time as clients write it: digits and one of `s`, `m`, `h`, `d`.
struct DurationText: Sendable, Equatable {
    /// `nil` beyond ``daysMax`` days.
    var duration: Duration?

    /// A hundred years, so that no sum with a time of this era leaves the calendar.
    static let daysMax: Int64 = 36_500
    static let outOfRange = "is out of range: at most \(daysMax)d"

    /// `nil` for anything that is not written like a duration.
    init?(parsing text: Substring) {
        let bytes = text.utf8
        guard bytes.count >= 2, let unit = bytes.last.flatMap(DurationText.seconds),
            bytes.dropLast().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        guard let count = Int64(text.dropLast()) else { return }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
        if !overflow, seconds <= DurationText.daysMax * 86_400 { duration = .seconds(seconds) }
    }

    /// The text of a whole number of seconds in the largest unit that holds it: `30d`, `90s`.
    static func text(of duration: Duration) -> String {
        let seconds = duration.components.seconds
        let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "m")]
        for (length, unit) in units where seconds != 0 && seconds % length == 0 { return "\(seconds / length)\(unit)" }
        return "\(seconds)s"
    }

    private static func seconds(_ unit: UInt8) -> Int64? {
        switch unit {
        case UInt8(ascii: "s"): 1
        case UInt8(ascii: "m"): 60
        case UInt8(ascii: "h"): 3_600
        case UInt8(ascii: "d"): 86_400
        default: nil
        }
    }
}
