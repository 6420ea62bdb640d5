import PluginAPI

/// How an MT4 statement writes numbers and times.
enum MT4Text {
    /// Reads `-4 401.60`: digits in groups of three behind the first, parted by spaces.
    static func number(_ text: String) throws(DecimalError) -> FixedDecimal {
        let whole = text.utf8.prefix { $0 != UInt8(ascii: ".") }
        let groups = whole.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard groups.count > 1 else { return try FixedDecimal(parsing: text) }
        let firstDigits = groups[0].count - (groups[0].first == UInt8(ascii: "-") ? 1 : 0)
        guard (1...3).contains(firstDigits), groups.dropFirst().allSatisfy({ $0.count == 3 }) else {
            throw .notANumber
        }
        return try FixedDecimal(parsing: text.split(separator: " ").joined())
    }

    /// Reads `2025.05.26 19:36:41`; the seconds may be missing.
    static func time(_ text: String) -> CivilTime? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let date = numbers(parts[0], separator: ".", widths: [4, 2, 2]) else { return nil }
        let clock =
            numbers(parts[1], separator: ":", widths: [2, 2, 2]) ?? numbers(parts[1], separator: ":", widths: [2, 2])
        guard let clock else { return nil }
        return CivilTime(
            year: date[0], month: date[1], day: date[2],
            hour: clock[0], minute: clock[1], second: clock.count > 2 ? clock[2] : 0)
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
