/// A date and a time of day in the proleptic Gregorian calendar, in no zone in particular.
@frozen
public struct CivilTime: Sendable, Equatable {
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
        let secondOfDay = Int(secondsSinceEpoch - days * 86_400)
        let z = Int(days) + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        (hour, minute, second) = (secondOfDay / 3_600, secondOfDay / 60 % 60, secondOfDay % 60)
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
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}

extension Timestamp: CustomStringConvertible {
    /// Reads `2026-01-05T10:00:00[.ffffff](Z|±hh:mm)`; `nil` for anything else, a missing zone included.
    public init?(parsing text: some StringProtocol) {
        let bytes = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int? {
            guard from + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[from..<from + count] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
        func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
            index < bytes.count && bytes[index] == UInt8(ascii: character)
        }
        guard let year = number(0, 4), has("-", at: 4), let month = number(5, 2), has("-", at: 7),
            let day = number(8, 2), has("T", at: 10) || has("t", at: 10) || has(" ", at: 10),
            let hour = number(11, 2), has(":", at: 13), let minute = number(14, 2), has(":", at: 16),
            let second = number(17, 2),
            let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if has(".", at: index) {
            var digits = 0
            index += 1
            while let digit = number(index, 1) {
                guard digits < 9 else { return nil }
                if digits < 6 { fraction = fraction * 10 + Int64(digit) }
                digits += 1
                index += 1
            }
            guard digits > 0 else { return nil }
            for _ in min(digits, 6)..<6 { fraction *= 10 }
        }
        let offset: Int
        if has("Z", at: index) || has("z", at: index), index + 1 == bytes.count {
            offset = 0
        } else if has("+", at: index) || has("-", at: index), let hours = number(index + 1, 2), hours <= 23,
            has(":", at: index + 3), let minutes = number(index + 4, 2), minutes <= 59, index + 6 == bytes.count
        {
            offset = (hours * 3_600 + minutes * 60) * (has("-", at: index) ? -1 : 1)
        } else {
            return nil
        }
        self.init(microseconds: (civil.secondsSinceEpoch - Int64(offset)) * 1_000_000 + fraction)
    }

    /// ISO 8601 in UTC: no fraction for whole seconds, otherwise three or six digits.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The text of ``description`` as ASCII.
    public var bytes: [UInt8] {
        let seconds = microseconds.flooredQuotient(1_000_000)
        let fraction = Int(microseconds - seconds * 1_000_000)
        let civil = CivilTime(secondsSinceEpoch: seconds)
        var out: [UInt8] = []
        out.reserveCapacity(27)
        func append(_ value: Int, _ width: Int) {
            var divisor = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
                divisor /= 10
            }
        }
        append(civil.year, 4)
        out.append(UInt8(ascii: "-"))
        append(civil.month, 2)
        out.append(UInt8(ascii: "-"))
        append(civil.day, 2)
        out.append(UInt8(ascii: "T"))
        append(civil.hour, 2)
        out.append(UInt8(ascii: ":"))
        append(civil.minute, 2)
        out.append(UInt8(ascii: ":"))
        append(civil.second, 2)
        if fraction > 0 {
            out.append(UInt8(ascii: "."))
            if fraction % 1_000 == 0 { append(fraction / 1_000, 3) } else { append(fraction, 6) }
        }
        out.append(UInt8(ascii: "Z"))
        return out
    }
}
