import PluginAPI

/// How an MT4 statement writes numbers and times.
enum MT4Text {
    /// Those that a time may have everywhere in the book, whatever the zone makes of it.
    static let years = 1971...9997

    /// Reads `-4 401.60`: digits in groups of three behind the first, parted by spaces.
    static func number(_ text: String) throws(DecimalError) -> FixedDecimal {
        guard text.utf8.contains(UInt8(ascii: " ")) else { return try FixedDecimal(parsing: text) }
        let whole = text.utf8.prefix { $0 != UInt8(ascii: ".") }
        let groups = whole.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        let firstDigits = groups[0].count - (groups[0].first == UInt8(ascii: "-") ? 1 : 0)
        guard (1...3).contains(firstDigits), groups.dropFirst().allSatisfy({ $0.count == 3 }) else {
            throw .notANumber
        }
        return try FixedDecimal(parsing: text.split(separator: " ").joined())
    }

    /// Reads `2025.05.26 19:36:41`; the seconds may be missing.
    static func time(_ text: String) -> CivilTime? {
        let bytes = Array(text.utf8)
        let separators = Array((bytes.count == 16 ? "    .  .     :  " : "    .  .     :  :  ").utf8)
        guard bytes.count == separators.count else { return nil }
        var fields: [Int] = [0]
        for (index, byte) in bytes.enumerated() {
            // Between the date and the clock stands a space, where the pattern has one too.
            if separators[index] != UInt8(ascii: " ") || index == 10 {
                guard byte == separators[index] else { return nil }
                fields.append(0)
            } else {
                guard (0x30...0x39).contains(byte) else { return nil }
                fields[fields.count - 1] = fields[fields.count - 1] * 10 + Int(byte - 0x30)
            }
        }
        return CivilTime(
            year: fields[0], month: fields[1], day: fields[2],
            hour: fields[3], minute: fields[4], second: fields.count > 5 ? fields[5] : 0)
    }

    /// Reads the date in a statement's heading, `2025 May 30, 16:00`.
    static func headingTime(_ text: String) -> CivilTime? {
        let parts = text.split { $0 == " " || $0 == "," }
        guard parts.count == 4, let year = digits(parts[0], widths: 4...4), let month = month(parts[1]),
            let day = digits(parts[2], widths: 1...2), let clock = numbers(parts[3], separator: ":", widths: [2, 2])
        else { return nil }
        return CivilTime(year: year, month: month, day: day, hour: clock[0], minute: clock[1])
    }

    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]

    /// By its English name or at least the first three letters of it.
    private static func month(_ name: Substring) -> Int? {
        guard name.utf8.count >= 3 else { return nil }
        return months.firstIndex { $0.hasPrefix(name.lowercased()) }.map { $0 + 1 }
    }

    private static func numbers(_ text: Substring, separator: Character, widths: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == widths.count else { return nil }
        let values = zip(parts, widths).compactMap { digits($0, widths: $1...$1) }
        return values.count == widths.count ? values : nil
    }

    private static func digits(_ text: Substring, widths: ClosedRange<Int>) -> Int? {
        guard widths.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int(text)
    }
}
