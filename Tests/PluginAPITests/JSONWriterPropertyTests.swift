import PluginAPI
import PluginTesting
import Testing

/// What the writer makes of generated values, beside the same made the slow way: character by character, digit by digit.
@Suite("Written JSON, generated")
struct JSONWriterPropertyTests {
    @Test("Text is escaped where it must be and nowhere else", arguments: 0..<20)
    func texts(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for length in Array(0..<40) + [63, 64, 65, 1_000, 5_000] {
            for isPlain in [true, false] {
                let text = Self.text(of: length, isPlain: isPlain, &random)

                var json = JSONWriter(reservingCapacity: 0)
                json.array { json in
                    json.string(text)
                    json.object { $0.field(text, text) }
                }

                let quoted = Self.quoted(text)
                #expect(json.text == "[\(quoted),{\(quoted):\(quoted)}]")
            }
        }
    }

    @Test("A character is escaped wherever in a word it stands", arguments: 0..<20)
    func places(before: Int) {
        for scalar in (0..<0x80).compactMap(Unicode.Scalar.init(_:)) + ["é", "\u{2028}", "\u{2029}", "😀", "\u{80}"] {
            for after in 0..<10 {
                let text =
                    String(repeating: "!", count: before) + String(scalar) + String(repeating: "#", count: after)
                var json = JSONWriter()
                json.string(text)
                #expect(Array(json.text.utf8) == Array(Self.quoted(text).utf8))
            }
        }
    }

    @Test("Decimals of every scale have all their digits and as many zeros as are asked for", arguments: 0...36)
    func decimals(scale: Int) {
        var random = SplitMix(seed: UInt64(scale))
        for units in Self.units(&random) {
            for digitsMin in [-1, 0, 1, 2, 5, 7, 8, 9, 12, 18] {
                let number = FixedDecimal(units: units, scale: scale)
                var json = JSONWriter()
                json.array { json in
                    json.null()
                    json.decimal(number, digits: digitsMin)
                }
                let written = Self.written(units, scale: scale, digitsMin: digitsMin)
                #expect(json.text == "[null,\(written)]")
                #expect(String(decoding: number.bytes(digitsMin: digitsMin), as: UTF8.self) == written)
            }
        }
    }

    @Test("Whole numbers have their digits", arguments: 0..<10)
    func integers(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let edges = (0...18).flatMap { exponent in
            let power = (0..<exponent).reduce(Int64(1)) { power, _ in power * 10 }
            return [power - 1, power, -power, 1 - power, power + 1]
        }
        for number in edges + [.min, .max] + (0..<200).map({ Int64(bitPattern: random.next()) >> ($0 % 64) }) {
            var json = JSONWriter()
            json.array { json in
                json.integer(number)
                json.boolean(number < 0)
                json.value(.integer(number))
            }
            #expect(json.text == "[\(number),\(number < 0),\(number)]")
        }
    }

    @Test(
        "Times have the date that counting years and months gives, and no more of a second than they need",
        arguments: 0..<10)
    func times(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let (first, last): (Int64, Int64) = (-62_135_596_800, 253_402_300_799)
        let seconds = [first, last, 0, -1, 951_782_399, 951_782_400, 4_107_542_400] as [Int64]
        for second in seconds + (0..<100).map({ _ in Int64.random(in: first...last, using: &random) }) {
            let own = Int64.random(in: 0..<1_000_000, using: &random)
            for microseconds in [0, 1, 999, 1_000, 100_000, 123_000, 999_000, 999_999, own] as [Int64] {
                let time = Timestamp(microseconds: second * 1_000_000 + microseconds)
                var json = JSONWriter()
                json.object { $0.field("at", time) }
                let fraction = Self.fraction(microseconds)
                let clock = Self.clock(of: second)
                #expect(json.text == "{\"at\":\"\(Self.day(of: second))T\(clock)\(fraction)Z\"}")
                #expect(Timestamp(parsing: time.description) == time)
            }
        }
    }

    @Test("A percentage is the quotient of the hundredfold, however it is worked out", arguments: 0..<10)
    func percentages(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for part in Self.units(&random) {
            for whole in Self.units(&random) {
                let scale = Int.random(in: 0...20, using: &random)
                let otherScale = Bool.random(using: &random) ? scale : Int.random(in: 0...20, using: &random)
                let (one, all) = (
                    FixedDecimal(units: part, scale: scale), FixedDecimal(units: whole, scale: otherScale)
                )
                let slow = one.multiplied(by: FixedDecimal(100)).flatMap { $0.divided(by: all, digits: 2) }
                #expect(one.percentage(of: all).map(\.description) == slow.map(\.description))
            }
        }
    }
}

extension JSONWriterPropertyTests {
    private static func text(of length: Int, isPlain: Bool, _ random: inout SplitMix) -> String {
        let plain: [Unicode.Scalar] = [
            "a", "Z", "0", " ", "/", "!", "#", "[", "]", "\u{7F}", "é", "€", "\u{2028}", "😀",
        ]
        let special: [Unicode.Scalar] = ["\"", "\\", "\n", "\r", "\t", "\0", "\u{1}", "\u{B}", "\u{1F}"]
        var text = String.UnicodeScalarView()
        for _ in 0..<length {
            let isSpecial = !isPlain && Int.random(in: 0..<8, using: &random) == 0
            text.append((isSpecial ? special : plain).randomElement(using: &random) ?? "a")
        }
        return String(text)
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case "\0"..."\u{1F}": "\\u00\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))"
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }

    /// Around what 32, 53, 64 and 128 bits hold and around powers of ten, and any others.
    private static func units(_ random: inout SplitMix) -> [Int128] {
        let edges: [Int128] = [
            0, 1, 9, 10, 12_345, 99_999_999, 100_000_000, 100_000_001, 1 << 32, 1 << 53, 9_999_999_999_999_999,
            10_000_000_000_000_000, Int128(Int64.max), Int128(Int64.max) + 1, 1 << 96, .max,
        ]
        let others = (0..<10).map { Int128(UInt64.random(in: 0 ... .max, using: &random) >> UInt64($0 * 6)) }
        return (edges + others).flatMap { [$0, -$0] }
    }

    private static func written(_ units: Int128, scale: Int, digitsMin: Int) -> String {
        var digits = String(units.magnitude)
        digits = String(repeating: "0", count: max(scale + 1 - digits.count, 0)) + digits
        var decimals = String(digits.suffix(scale))
        while decimals.count > max(digitsMin, 0), decimals.last == "0" { decimals.removeLast() }
        let missing = digitsMin - decimals.count
        // Zeros are written as far as 128 bits reach.
        if missing > 0, fits(units, scale: scale, digits: digitsMin) {
            decimals += String(repeating: "0", count: missing)
        }
        return "\(units < 0 ? "-" : "")\(digits.dropLast(scale))\(decimals.isEmpty ? "" : ".")\(decimals)"
    }

    private static func fits(_ units: Int128, scale: Int, digits: Int) -> Bool {
        // 64 bits are written without being made larger first.
        if Int64(exactly: units) != nil, scale <= 18, digits <= 18 { return true }
        return FixedDecimal(units: units, scale: scale).normalized.rescaled(to: digits) != nil
    }

    private static func fraction(_ microseconds: Int64) -> String {
        if microseconds == 0 { return "" }
        return "." + (microseconds % 1_000 == 0 ? padded(Int(microseconds / 1_000), 3) : padded(Int(microseconds), 6))
    }

    private static func clock(of second: Int64) -> String {
        let second = Int(second + 62_135_596_800) % 86_400
        return "\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(digits - text.count, 0)) + text
    }

    /// Counted year by year and month by month, from the year 1.
    private static func day(of second: Int64) -> String {
        func isLeap(_ year: Int) -> Bool { year % 4 == 0 && year % 100 != 0 || year % 400 == 0 }
        var days = Int((second + 62_135_596_800) / 86_400)
        // 400 years have 146,097 days.
        var year = 1 + days / 146_097 * 400
        days %= 146_097
        while days >= (isLeap(year) ? 366 : 365) {
            days -= isLeap(year) ? 366 : 365
            year += 1
        }
        var months = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][...]
        while let length = months.first, days >= length {
            days -= length
            months = months.dropFirst()
        }
        return "\(padded(year, 4))-\(padded(13 - months.count, 2))-\(padded(days + 1, 2))"
    }
}
