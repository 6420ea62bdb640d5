import PluginAPI
import Testing

@Suite("A fixed decimal")
struct FixedDecimalTests {
    @Test(
        "Keeps the digits it was written with",
        arguments: ["0", "0.1", "0.10", "1950.50", "-0.5", "7", "0.00000001", "-91999999999.99999999", "100"])
    func description(_ text: String) throws {
        #expect(try FixedDecimal(parsing: text).description == text)
    }

    @Test(
        "Refuses what is no decimal, and says why",
        arguments: [
            ("", .notANumber), ("-", .notANumber), (".5", .notANumber), ("5.", .notANumber), ("+1", .notANumber),
            ("1,5", .notANumber), ("1 000", .notANumber), ("--1", .notANumber), ("1-", .notANumber),
            ("1.2.3", .notANumber),
            ("0x10", .notANumber), ("NaN", .notANumber), ("Infinity", .notANumber), ("١", .notANumber),
            ("e5", .notANumber),
            ("1e5", .exponent), ("1E-5", .exponent), ("0.123456789", .tooManyDecimals),
            ("0.000000000", .tooManyDecimals),
            ("92000000000", .outOfRange), ("-92000000000", .outOfRange),
            ("99999999999999999999999999999999999999999999", .outOfRange),
        ] as [(String, DecimalError)]
    )
    func refused(text: String, error: DecimalError) {
        #expect(throws: error) { try FixedDecimal(parsing: text) }
    }

    @Test("Reads a substring as it reads a string")
    func substring() throws {
        #expect(try FixedDecimal(parsing: "x12.50y".dropFirst().dropLast()) == "12.5")
    }

    @Test("Equals by value, whatever the scale, and hashes so")
    func equality() {
        #expect(("0.10" as FixedDecimal) == "0.1")
        #expect(("-0" as FixedDecimal) == .zero)
        #expect(Set<FixedDecimal>(["5", "5.0", "5.00"]).count == 1)
        #expect(("0.1" as FixedDecimal) != "0.10000001")
    }

    @Test(
        "Rounds half away from zero",
        arguments: [
            ("0.005", 2, "0.01"), ("-0.005", 2, "-0.01"), ("0.0049", 2, "0.00"), ("2.5", 0, "3"), ("-2.5", 0, "-3"),
            ("1.2345", 3, "1.235"), ("1.2", 4, "1.2000"), ("-0.0049", 2, "0.00"),
        ]
    )
    func rounding(text: FixedDecimal, digits: Int, rounded: String) {
        #expect(text.rounded(toScale: digits).description == rounded)
    }

    @Test("Adds, subtracts, compares and multiplies as digit strings do by hand")
    func arithmetic() throws {
        var random = Xorshift(state: 0x2545_F491_4F6C_DD1D)
        for _ in 0..<2_000 {
            let (left, right) = (random.decimalText(), random.decimalText())
            let (a, b) = (try FixedDecimal(parsing: left), try FixedDecimal(parsing: right))
            let (x, y) = (Oracle(left), Oracle(right))

            #expect((a + b).bytes(digitsMin: 8) == Array((x + y).text.utf8), "\(left) + \(right)")
            #expect((a - b).bytes(digitsMin: 8) == Array((x + y.negated).text.utf8), "\(left) - \(right)")
            #expect((a < b) == (x + y.negated).isNegative, "\(left) < \(right)")
            #expect((a == b) == (x + y.negated).isZero, "\(left) == \(right)")
            #expect(try FixedDecimal(parsing: a.description) == a)
            #expect(a.normalized == a && a.storedUnits.map(FixedDecimal.init(storedUnits:)) == a)
            let product = try #require(a.multiplied(by: b))
            #expect(try #require(a.multiplied(by: "0.5")) + #require(a.multiplied(by: "0.5")) == a)
            #expect(try #require(b.multiplied(by: a)) == product)
        }
    }

    @Test("Is written with the digits it needs and those asked for, whatever its size and scale")
    func written() {
        var random = Xorshift(state: 0x9E37_79B9_7F4A_7C15)
        let edges: [Int128] = [0, 1, -1, 10, 100, Int128(Int64.max), Int128(Int64.min), Int128(Int64.max) + 1]
        for round in 0..<20_000 {
            let narrow = Int64(truncatingIfNeeded: random.next(below: .max)) >> Int64(random.next(below: 64))
            let units = round < edges.count ? edges[round] : Int128(narrow) * (round.isMultiple(of: 8) ? 1_000 : 1)
            let (scale, digits) = (Int(random.next(below: 20)), Int(random.next(below: 14)))
            let number = FixedDecimal(units: units, scale: scale)
            #expect(
                String(decoding: number.bytes(digitsMin: digits), as: UTF8.self)
                    == Self.spelled(units, scale: scale, digits: digits), "\(units) of scale \(scale), \(digits) digits"
            )
        }
    }

    /// As by hand: all digits, then without the zeros at the end that nobody asked for.
    private static func spelled(_ units: Int128, scale: Int, digits: Int) -> String {
        let all = String(units.magnitude)
        let padded = String(repeating: "0", count: max(0, scale + 1 - all.count)) + all
        var decimals = String(padded.suffix(scale))
        while decimals.count > digits, decimals.hasSuffix("0") { decimals.removeLast() }
        decimals += String(repeating: "0", count: max(0, digits - decimals.count))
        let whole = String(padded.dropLast(scale))
        return (units < 0 ? "-" : "") + whole + (decimals.isEmpty ? "" : "." + decimals)
    }

    @Test(
        "Divides with the digits asked for, half away from zero",
        arguments: [
            ("1", "3", 4, "0.3333"), ("2", "3", 4, "0.6667"), ("-2", "3", 4, "-0.6667"), ("1", "8", 2, "0.13"),
            ("-1", "8", 2, "-0.13"), ("0", "5", 2, "0.00"),
            ("91999999999.99999999", "0.00000001", 0, "9199999999999999999"),
        ] as [(FixedDecimal, FixedDecimal, Int, String)]
    )
    func division(dividend: FixedDecimal, divisor: FixedDecimal, digits: Int, quotient: String) {
        #expect(dividend.divided(by: divisor, digits: digits)?.description == quotient)
    }

    @Test("Says nothing rather than something wrong when a result does not fit")
    func overflow() {
        let large = FixedDecimal(units: .max, scale: 0)

        #expect(large.multiplied(by: "10") == nil)
        #expect(large.rescaled(to: 1) == nil)
        #expect(large.storedUnits == nil)
        #expect(FixedDecimal(units: 1, scale: 9).storedUnits == nil)
        #expect(FixedDecimal(units: 1, scale: 9).rescaled(to: 8) == nil)
        #expect(("1" as FixedDecimal).divided(by: .zero, digits: 2) == nil)
        #expect(large.divided(by: "0.1", digits: 8) == nil)
        #expect(("1" as FixedDecimal).percentage(of: .zero) == nil)
    }

    @Test("A percentage has two decimals")
    func percentage() {
        #expect(("1" as FixedDecimal).percentage(of: "3")?.description == "33.33")
        #expect(("-2" as FixedDecimal).percentage(of: "3")?.description == "-66.67")
        #expect(("3000" as FixedDecimal).percentage(of: "10000")?.description == "30.00")
    }

    @Test("Orders numbers near 128 bits whose scales differ")
    func extremes() {
        let large = FixedDecimal(units: .max, scale: 0)
        let fine = FixedDecimal(units: 1, scale: 8)

        #expect(fine < large)
        #expect(!(large < fine))
        #expect(-large < fine)
        #expect(-large < -fine)
    }
}

/// A decimal of eight places as a row of digits, added and compared the way one does by hand.
private struct Oracle {
    /// Least digit first.
    var digits: [Int]
    var isNegative: Bool

    init(_ text: String) {
        let parts = text.drop { $0 == "-" }.split(separator: ".")
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        let all = parts[0] + fraction + String(repeating: "0", count: 8 - fraction.count)
        digits = all.reversed().compactMap(\.wholeNumberValue)
        isNegative = text.hasPrefix("-")
    }

    private init(digits: [Int], isNegative: Bool) {
        self.digits = digits
        self.isNegative = isNegative && digits.contains { $0 != 0 }
    }

    var negated: Oracle { Oracle(digits: digits, isNegative: !isNegative) }
    var isZero: Bool { digits.allSatisfy { $0 == 0 } }

    var text: String {
        var padded = digits
        while padded.count > 9, padded.last == 0 { padded.removeLast() }
        while padded.count < 9 { padded.append(0) }
        let text = padded.reversed().map(String.init).joined()
        return (isNegative ? "-" : "") + text.dropLast(8) + "." + text.suffix(8)
    }

    static func + (left: Oracle, right: Oracle) -> Oracle {
        let width = max(left.digits.count, right.digits.count) + 1
        func digit(_ value: Oracle, _ place: Int) -> Int { place < value.digits.count ? value.digits[place] : 0 }
        func combine(_ a: Oracle, _ b: Oracle, _ sign: Int) -> (digits: [Int], carry: Int) {
            var carry = 0
            let digits = (0..<width).map { place in
                let sum = digit(a, place) + sign * digit(b, place) + carry
                carry = sum < 0 ? -1 : sum / 10
                return (sum + 10) % 10
            }
            return (digits, carry)
        }
        if left.isNegative == right.isNegative {
            return Oracle(digits: combine(left, right, 1).digits, isNegative: left.isNegative)
        }
        let difference = combine(left, right, -1)
        guard difference.carry < 0 else { return Oracle(digits: difference.digits, isNegative: left.isNegative) }
        return Oracle(digits: combine(right, left, -1).digits, isNegative: right.isNegative)
    }
}

/// The same numbers on every run.
private struct Xorshift {
    var state: UInt64

    mutating func next(below bound: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % bound
    }

    mutating func decimalText() -> String {
        let whole = next(below: [10, 1_000, 1_000_000, 91_000_000_000][Int(next(below: 4))])
        let places = Int(next(below: 9))
        let sign = next(below: 2) == 0 ? "" : "-"
        guard places > 0 else { return "\(sign)\(whole)" }
        return "\(sign)\(whole)." + (0..<places).map { _ in String(next(below: 10)) }.joined()
    }
}
