/// A date and a time of day in the proleptic Gregorian calendar, in no zone in particular.
@frozen
public struct CivilTime: Sendable, Equatable {
    /// Of the proleptic Gregorian calendar; months and days count from 1.
    public var year, month, day, hour, minute, second: Int

    /// `nil` unless month, day (of that month), hour, minute and second are in range; the year is 1…9999.
    public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (1...9999).contains(year), (1...12).contains(month), (0...23).contains(hour), (0...59).contains(minute),
            (0...59).contains(second), day >= 1, day <= CivilTime.days(in: month, of: year)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// Seconds from 1970-01-01T00:00:00 to this time, both read in the same zone without offset changes.
    public var secondsSinceEpoch: Int64 {
        // Days from civil, era by era (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
    }

    /// The inverse of ``secondsSinceEpoch``.
    public init(secondsSinceEpoch: Int64) {
        let days = secondsSinceEpoch.flooredQuotient(86_400)
        let secondOfDay = UInt32(truncatingIfNeeded: secondsSinceEpoch - days * 86_400)
        let z = Int(days) + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        // Small numbers without a sign from here on, whose divisions by constants are the quickest.
        let dayOfEra = UInt32(truncatingIfNeeded: z - era * 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(yearOfEra) + era * 400 + (month <= 2 ? 1 : 0)
        let minuteOfDay = secondOfDay / 60
        (hour, minute, second) = (Int(minuteOfDay / 60), Int(minuteOfDay % 60), Int(secondOfDay % 60))
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}

extension Int64 {
    /// The quotient rounded towards negative infinity; `divisor` is positive.
    func flooredQuotient(_ divisor: Int64) -> Int64 {
        self % divisor < 0 ? self / divisor - 1 : self / divisor
    }
}

extension Timestamp: CustomStringConvertible {
    /// Reads `2026-01-05T10:00:00[.ffffff](Z|±hh:mm)`; `nil` for anything else, a missing zone included.
    public init?(parsing text: some StringProtocol) {
        var copy = String(text)
        guard let time = copy.withUTF8({ Timestamp(parsing: $0.span) }) else { return nil }
        self = time
    }

    /// Reads `2026-01-05T10:00:00[.ffffff](Z|±hh:mm)` from ASCII bytes; `nil` for anything else.
    public init?(parsing bytes: Span<UInt8>) {
        guard bytes.count >= 20, let civil = CivilTime(startOf: bytes),
            let fraction = Timestamp.fraction(bytes, from: 19),
            let offset = Timestamp.offset(bytes, from: fraction.end)
        else { return nil }
        self.init(microseconds: (civil.secondsSinceEpoch - offset) * 1_000_000 + fraction.microseconds)
    }

    /// Up to nine digits behind a point, of which six count; none at all is zero.
    private static func fraction(_ bytes: Span<UInt8>, from start: Int) -> (microseconds: Int64, end: Int)? {
        guard bytes.has(".", at: start) else { return (0, start) }
        var microseconds: Int64 = 0
        var digits = 0
        while let digit = bytes.number(at: start + 1 + digits, digits: 1) {
            guard digits < 9 else { return nil }
            if digits < 6 { microseconds = microseconds * 10 + Int64(digit) }
            digits += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 6)..<6 { microseconds *= 10 }
        return (microseconds, start + 1 + digits)
    }

    /// Seconds east of UTC, at the end of the text.
    private static func offset(_ bytes: Span<UInt8>, from start: Int) -> Int64? {
        if bytes.has("Z", at: start) || bytes.has("z", at: start) { return start + 1 == bytes.count ? 0 : nil }
        guard bytes.has("+", at: start) || bytes.has("-", at: start), bytes.has(":", at: start + 3),
            let hours = bytes.number(at: start + 1, digits: 2), hours <= 23,
            let minutes = bytes.number(at: start + 4, digits: 2), minutes <= 59, start + 6 == bytes.count
        else { return nil }
        return Int64(hours * 3_600 + minutes * 60) * (bytes.has("-", at: start) ? -1 : 1)
    }

    /// ISO 8601 in UTC: no fraction for whole seconds, otherwise three or six digits.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The text of ``description`` as ASCII.
    public var bytes: [UInt8] {
        var text: [UInt8] = []
        text.append(atMost: Timestamp.textMax) { put(to: &$0) }
        return text
    }

    /// Puts ``bytes`` where there is room for ``textMax`` bytes.
    func put(to place: inout BytePlace) {
        let seconds = microseconds.flooredQuotient(1_000_000)
        let civil = CivilTime(secondsSinceEpoch: seconds)
        let day = EightDigits(digitsOf: civil.year % 10_000, civil.month, civil.day).text
        let clock = EightDigits(digitsOf: civil.hour, civil.minute, civil.second).text
        if civil.year >= 0 { place.put(word: day, count: 4) } else { place.put(yearBeforeZero: civil.year) }
        place.put("-")
        place.put(word: day >> 32, count: 2)
        place.put("-")
        place.put(word: day >> 48, count: 2)
        place.put("T")
        place.put(word: clock >> 16, count: 2)
        place.put(":")
        place.put(word: clock >> 32, count: 2)
        place.put(":")
        place.put(word: clock >> 48, count: 2)
        place.put(fraction: UInt32(truncatingIfNeeded: microseconds - seconds * 1_000_000))
        place.put("Z")
    }

    /// Bytes of the longest text.
    static let textMax = 27
}

extension BytePlace {
    /// What no reader takes for a year: there is no text for those before the year 0.
    @inline(never)
    fileprivate mutating func put(yearBeforeZero year: Int) {
        for pair in [year / 100 % 100, year % 100] {
            put(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: pair / 10))
            put(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: pair % 10))
        }
    }

    /// Microseconds of a second: nothing, or a point and three or six digits.
    @inline(__always)
    fileprivate mutating func put(fraction: UInt32) {
        guard fraction > 0 else { return }
        put(".")
        let digits = EightDigits(fraction).last(6)
        put(word: digits.text, count: digits.significant <= 3 ? 3 : 6)
    }
}

extension EightDigits {
    /// Four digits of a number, and two each of two others.
    @inline(__always)
    fileprivate init(digitsOf first: Int, _ second: Int, _ third: Int) {
        let magnitude = UInt32(truncatingIfNeeded: first.magnitude)
        self.init(
            magnitude &* 10_000 &+ UInt32(truncatingIfNeeded: second) &* 100 &+ UInt32(truncatingIfNeeded: third))
    }
}

extension CivilTime {
    /// `2026-01-05T10:00:00` at the start of a text of at least 19 bytes.
    fileprivate init?(startOf bytes: Span<UInt8>) {
        guard bytes.has("-", at: 4), bytes.has("-", at: 7), bytes.has(":", at: 13), bytes.has(":", at: 16),
            bytes.has("T", at: 10) || bytes.has("t", at: 10) || bytes.has(" ", at: 10),
            let year = bytes.number(at: 0, digits: 4), let month = bytes.number(at: 5, digits: 2),
            let day = bytes.number(at: 8, digits: 2), let hour = bytes.number(at: 11, digits: 2),
            let minute = bytes.number(at: 14, digits: 2), let second = bytes.number(at: 17, digits: 2)
        else { return nil }
        self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }
}

extension Span<UInt8> {
    /// The number of exactly so many ASCII digits; `nil` when there are others or too few.
    @inline(__always)
    fileprivate func number(at start: Int, digits: Int) -> Int? {
        guard start + digits <= count else { return nil }
        var value = 0
        for index in start..<start + digits {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    @inline(__always)
    fileprivate func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
        index < count && self[index] == UInt8(ascii: character)
    }
}
