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
        self = try copy.withUTF8 { (bytes: UnsafeBufferPointer<UInt8>) in
            Result { () throws(DecimalError) in try FixedDecimal(bytes: bytes) }
        }.get()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) throws(DecimalError) {
        var units: Int128 = 0
        var scale = 0
        var digits = 0
        var sawPoint = false
        var isNegative = false
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0:
                isNegative = true
            case UInt8(ascii: ".") where !sawPoint && digits > 0:
                sawPoint = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if sawPoint { scale += 1 }
                guard scale <= FixedDecimal.scaleMax else { throw .tooManyDecimals }
                digits += 1
                units = units * 10 + Int128(byte - UInt8(ascii: "0"))
                guard units <= Int128(FixedDecimal.storedUnitsMax) else { throw .outOfRange }
            case UInt8(ascii: "e") where digits > 0, UInt8(ascii: "E") where digits > 0:
                throw .exponent
            default:
                throw .notANumber
            }
        }
        guard digits > 0, !(sawPoint && scale == 0) else { throw .notANumber }
        self.init(units: isNegative ? -units : units, scale: scale)
        guard storedUnits != nil else { throw .outOfRange }
    }

    /// A number in source code.
    /// - Precondition: The literal is a decimal that ``init(parsing:)`` takes.
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
        var value = normalized
        if Int(value.scale) < digitsMin { value = value.rescaled(to: digitsMin) ?? value }
        var reversed: [UInt8] = []
        var rest = value.units.magnitude
        var place = 0
        repeat {
            if place == Int(value.scale), place > 0 { reversed.append(UInt8(ascii: ".")) }
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            reversed.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            rest = quotient
            place += 1
        } while rest > 0 || place <= Int(value.scale)
        if value.units < 0 { reversed.append(UInt8(ascii: "-")) }
        return reversed.reversed()
    }
}
