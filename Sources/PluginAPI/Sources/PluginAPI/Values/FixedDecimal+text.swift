/// Why a text is not a decimal that Concord takes.
public enum DecimalError: Error, Equatable, Sendable {
    /// Not an optional minus sign, digits, and optionally a point with digits after it.
    case notANumber
    /// Written with `e` or `E`.
    case exponent
    /// More than ``FixedDecimal/scaleMax`` digits after the point.
    case tooManyDecimals
    /// The magnitude is 9.2·10¹⁰ or more.
    case outOfRange

    /// What to tell the person who sent it.
    public var detail: String {
        switch self {
        case .notANumber: "is not a decimal number"
        case .exponent: "must be written without an exponent"
        case .tooManyDecimals: "has more than \(FixedDecimal.scaleMax) decimals"
        case .outOfRange: "is out of range: magnitudes are below 92000000000"
        }
    }
}

extension FixedDecimal: CustomStringConvertible, ExpressibleByStringLiteral {
    /// Reads a number as a client or a file writes it; the scale is the number of decimals seen.
    ///
    /// - Throws: ``DecimalError``; nothing is rounded and nothing is guessed.
    public init(parsing text: some StringProtocol) throws(DecimalError) {
        // One loop over bytes, not one for each kind of string: the generic one is called through witness tables.
        var copy = String(text)
        self = try copy.withUTF8 { bytes in
            Result { () throws(DecimalError) in try FixedDecimal(parsing: bytes.span) }
        }.get()
    }

    /// Reads a number as a client or a file writes it, from ASCII bytes.
    ///
    /// - Throws: ``DecimalError``; nothing is rounded and nothing is guessed.
    public init(parsing bytes: Span<UInt8>) throws(DecimalError) {
        if let plain = FixedDecimal(plain: bytes) {
            self = plain
        } else {
            try self.init(careful: bytes)
        }
    }

    /// Most numbers: no sign, up to ten digits and perhaps a point with up to eight behind it, which are always in range.
    /// `nil` for all others, right or wrong, which `init(parsing:)` tells apart.
    public init?(plain bytes: Span<UInt8>) {
        var (units, index): (UInt64, Int) = (0, 0)
        bytes.addDigits(to: &units, from: &index, atMost: 10)
        guard index > 0 else { return nil }
        var scale = 0
        if index < bytes.count {
            guard bytes[index] == UInt8(ascii: ".") else { return nil }
            let point = index
            index += 1
            bytes.addDigits(to: &units, from: &index, atMost: FixedDecimal.scaleMax)
            scale = index - point - 1
            guard scale > 0, index == bytes.count else { return nil }
        }
        self.init(units: Int128(units), scale: scale)
    }

    private init(careful bytes: Span<UInt8>) throws(DecimalError) {
        let isNegative = !bytes.isEmpty && bytes[0] == UInt8(ascii: "-")
        var units: UInt64 = 0
        var scale = 0
        var digits = 0
        var sawPoint = false
        for index in (isNegative ? 1 : 0)..<bytes.count {
            let digit = bytes[index] &- UInt8(ascii: "0")
            if digit < 10 {
                if sawPoint { scale += 1 }
                guard scale <= FixedDecimal.scaleMax else { throw .tooManyDecimals }
                // Another digit may follow as long as the largest number, which ends with a 9, is not passed.
                guard units <= UInt64(FixedDecimal.storedUnitsMax) / 10 else { throw .outOfRange }
                units = units * 10 + UInt64(digit)
                digits += 1
            } else if bytes[index] == UInt8(ascii: "."), !sawPoint, digits > 0 {
                sawPoint = true
            } else {
                throw bytes[index] | 0x20 == UInt8(ascii: "e") && digits > 0 ? .exponent : .notANumber
            }
        }
        guard digits > 0, !(sawPoint && scale == 0) else { throw .notANumber }
        let room = UInt64(FixedDecimal.narrowPowerOfTen(FixedDecimal.scaleMax - scale))
        guard units <= UInt64(FixedDecimal.storedUnitsMax) / room else { throw .outOfRange }
        self.init(units: isNegative ? -Int128(units) : Int128(units), scale: scale)
    }

    /// A number in source code.
    /// - Precondition: The literal is a decimal that `init(parsing:)` takes.
    public init(stringLiteral literal: String) {
        do {
            try self.init(parsing: literal)
        } catch {
            preconditionFailure("\"\(literal)\" \(error.detail)")
        }
    }

    /// The number with exactly its scale's digits: `1950.50`, `-0.5`, `7`.
    public var description: String {
        String(decoding: bytes(digitsMin: Int(scale)), as: UTF8.self)
    }

    /// ASCII digits with at least `digitsMin` decimals, more when the value needs them, never fewer than it needs.
    public func bytes(digitsMin: Int) -> [UInt8] {
        var text: [UInt8] = []
        append(to: &text, digitsMin: digitsMin)
        return text
    }

    /// Whether ``put(to:digitsMin:)`` takes it: nearly all numbers, whose units fit in 64 bits, with at most eight decimals.
    @inline(__always)
    func isShort(digitsMin: Int) -> Bool { narrowUnits != nil && max(Int(scale), digitsMin) <= FixedDecimal.scaleMax }

    /// Bytes of the longest text of a short number: a sign, 19 digits, a point and eight zeros.
    static let shortTextMax = 29

    /// Puts ``bytes(digitsMin:)`` where there is room for ``shortTextMax`` bytes.
    ///
    /// - Precondition: ``isShort(digitsMin:)``.
    @inline(__always)
    func put(to place: inout BytePlace, digitsMin: Int) {
        if isNegative { place.put("-") }
        let magnitude = Int64(bitPattern: low).magnitude
        // Storage's scale is told apart because it is the usual one, and dividing by a constant is quicker.
        let (whole, fraction) =
            scale == 8
            ? magnitude.quotientAndRemainder(dividingBy: EightDigits.limit)
            : magnitude.quotientAndRemainder(dividingBy: UInt64(FixedDecimal.narrowPowerOfTen(Int(scale))))
        place.put(number: whole)
        let decimals = EightDigits(UInt32(truncatingIfNeeded: fraction)).last(Int(scale))
        let shown = max(decimals.significant, digitsMin)
        guard shown > 0 else { return }
        place.put(".")
        place.put(word: decimals.text, count: shown)
    }

    /// Puts ``bytes(digitsMin:)`` behind a text.
    func append(to text: inout [UInt8], digitsMin: Int) {
        if isShort(digitsMin: digitsMin) {
            return text.append(atMost: FixedDecimal.shortTextMax) { put(to: &$0, digitsMin: digitsMin) }
        }
        if let narrow = narrowUnits, digitsMin <= FixedDecimal.narrowDigitsMax, scale <= FixedDecimal.narrowDigitsMax {
            return append(narrow, to: &text, digitsMin: digitsMin)
        }
        var value = normalized
        if Int(value.scale) < digitsMin { value = value.rescaled(to: digitsMin) ?? value }
        let start = text.count
        FixedDecimal.appendReversed(value.units.magnitude, scale: Int(value.scale), to: &text)
        if value.isNegative { text.append(UInt8(ascii: "-")) }
        text[start...].reverse()
    }

    private static var narrowDigitsMax: Int { 18 }

    /// Nearly all numbers: their units fit in 64 bits. Written from the last digit to the first, and then copied as one.
    private func append(_ units: Int64, to text: inout [UInt8], digitsMin: Int) {
        // 19 digits with a zero before the point, or 19 and 18 zeros behind it, a point and a sign.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 48) { digits in
            var first = digits.endIndex
            func put(_ byte: UInt8) {
                first -= 1
                digits.initializeElement(at: first, to: byte)
            }
            var rest = units.magnitude
            func putDigit() {
                put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            }
            var decimals = Int(scale)
            while decimals > max(digitsMin, 0), rest % 10 == 0 {
                rest /= 10
                decimals -= 1
            }
            for _ in stride(from: decimals, to: digitsMin, by: 1) { put(UInt8(ascii: "0")) }
            for _ in 0..<decimals { putDigit() }
            if first < digits.endIndex { put(UInt8(ascii: ".")) }
            repeat { putDigit() } while rest > 0
            if units < 0 { put(UInt8(ascii: "-")) }
            text.append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }

    private static func appendReversed(_ units: UInt128, scale: Int, to text: inout [UInt8]) {
        var rest = units
        var place = 0
        repeat {
            if place == scale, place > 0 { text.append(UInt8(ascii: ".")) }
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            rest = quotient
            place += 1
        } while rest > 0 || place <= scale
    }
}

extension Span<UInt8> {
    /// Takes ASCII digits into a number of at most 19 digits, from a place on, which is left behind them.
    @inline(__always)
    fileprivate func addDigits(to number: inout UInt64, from index: inout Int, atMost limit: Int) {
        let end = Swift.min(count, index + limit)
        while index < end {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return }
            number = number &* 10 &+ UInt64(digit)
            index += 1
        }
    }
}
