import PluginAPI

/// PostgreSQL's binary `numeric`: a head of four 16-bit fields – digits, weight of the first, sign, decimals shown – and
/// digits to the base 10,000, the most significant first.
enum Numeric {
    private static let negative: UInt16 = 0x4000

    /// Appends a decimal as storage keeps it, with 8 decimals.
    /// - Parameter units: Units of 10⁻⁸.
    static func append(units: Int64, to bytes: inout [UInt8]) {
        // Eight decimals are two digits to the base 10,000, so digit 0 stands for 10⁻⁸ and digit 2 for ones. 64 bits have five.
        var rest = units.magnitude
        var first = 0
        while rest > 0, rest.isMultiple(of: 10_000) {
            rest /= 10_000
            first += 1
        }
        let number = rest
        var digitsTotal = 0
        var scale: UInt64 = 1
        while rest > 0 {
            rest /= 10_000
            digitsTotal += 1
            if rest > 0 { scale *= 10_000 }
        }
        bytes.append(bigEndian: UInt16(digitsTotal))
        bytes.append(bigEndian: Int16(digitsTotal == 0 ? 0 : first + digitsTotal - 3))
        bytes.append(bigEndian: units < 0 ? negative : 0)
        bytes.append(bigEndian: UInt16(8))
        for _ in 0..<digitsTotal {
            bytes.append(bigEndian: UInt16(number / scale % 10_000))
            scale /= 10_000
        }
    }

    /// The number exactly, or `nil` when it has more than 8 decimals, is beyond 64 bits in units of 10⁻⁸ with decimals or as
    /// a whole number without, or is none (`NaN`, `Infinity`).
    static func decode(_ bytes: UnsafeRawBufferPointer) -> FixedDecimal? {
        guard bytes.count >= 8 else { return nil }
        let sign = bytes.bigEndian(UInt16.self, at: 4)
        guard sign == 0 || sign == negative else { return nil }
        let digitsTotal = Int(bytes.bigEndian(UInt16.self, at: 0))
        let weight = Int(Int16(bitPattern: bytes.bigEndian(at: 2)))
        // Below 10⁸ and without decimals beyond the eighth, as almost all numbers are: at most 16 digits, which fit.
        if weight <= 1, digitsTotal <= weight + 3 {
            let magnitude = narrowMagnitude(bytes, digitsTotal, places: weight + 3)
            return FixedDecimal(storedUnits: sign == negative ? -magnitude : magnitude)
        }
        guard let magnitude = Self.magnitude(bytes, digitsTotal, weight) else { return nil }
        return decimal(units: sign == negative ? -magnitude : magnitude)
    }

    /// Units of 10⁻⁸ of a number of up to four places to the base 10,000, the last of which is 10⁻⁸; digits that are not
    /// sent are zero.
    private static func narrowMagnitude(_ bytes: UnsafeRawBufferPointer, _ digitsTotal: Int, places: Int) -> Int64 {
        var units: Int64 = 0
        for index in 0..<places {
            units *= 10_000
            if index < digitsTotal { units += Int64(bytes.bigEndian(UInt16.self, at: 8 + 2 * index)) }
        }
        return units
    }

    /// Units of 10⁻⁸, or `nil` when the number has more decimals or far too many digits.
    private static func magnitude(_ bytes: UnsafeRawBufferPointer, _ digitsTotal: Int, _ weight: Int) -> Int128? {
        var units: Int128 = 0
        for index in 0..<digitsTotal {
            let digit = Int128(bytes.bigEndian(UInt16.self, at: 8 + 2 * index))
            // The place of this digit, counted from 10⁻⁸.
            let place = weight - index + 2
            guard place <= 6 else { return nil }
            guard place >= 0 else {
                if digit == 0 { continue }
                return nil
            }
            units += digit * power(place)
        }
        return units
    }

    private static func decimal(units: Int128) -> FixedDecimal? {
        if let stored = Int64(exactly: units) { return FixedDecimal(storedUnits: stored) }
        let (whole, decimals) = units.quotientAndRemainder(dividingBy: 100_000_000)
        guard decimals == 0, Int64(exactly: whole) != nil else { return nil }
        return FixedDecimal(units: whole, scale: 0)
    }

    /// 10,000 to the power of `exponent`.
    private static func power(_ exponent: Int) -> Int128 {
        (0..<exponent).reduce(1) { power, _ in power * 10_000 }
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// - Precondition: The number lies within the buffer.
    func bigEndian<Number: FixedWidthInteger>(_ type: Number.Type = Number.self, at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}
