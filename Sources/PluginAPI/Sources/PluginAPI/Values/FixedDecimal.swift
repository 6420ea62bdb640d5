/// A decimal number kept exactly: a count of units and how many decimal places one unit has.
///
/// `1950.50` is 195050 units of scale 2. Two numbers are equal when their values are, whatever their scales, so `0.10`
/// equals `0.1`; the scale only remembers how the number was written. No operation passes through binary floating point.
///
/// Numbers read from input are bounded by `init(parsing:)`: at most ``scaleMax`` decimals and a magnitude below
/// 9.2·10¹⁰, which is what both storage backends can keep. Sums of bounded numbers cannot overflow; products can, and
/// say so by `nil`.
@frozen
public struct FixedDecimal: Sendable, Hashable {
    /// The upper and lower 64 bits of ``units``. Kept apart because unoptimised code of Swift 6.3 spills a 16-byte-aligned
    /// payload of an optional or a tuple to slots that are not, and traps; this way a number also takes 24 bytes, not 32.
    @usableFromInline var high: Int64
    @usableFromInline var low: UInt64
    /// Decimal places of one unit, 0…36.
    public var scale: UInt8

    /// The number's value times 10 to the ``scale``.
    @inlinable public var units: Int128 {
        get { Int128(high) << 64 | Int128(low) }
        set {
            high = Int64(truncatingIfNeeded: newValue >> 64)
            low = UInt64(truncatingIfNeeded: newValue)
        }
    }

    /// Decimal places that input and storage may have.
    public static var scaleMax: Int { 8 }
    /// The largest magnitude, in units of 10⁻⁸, that input and storage may have.
    public static var storedUnitsMax: Int64 { 9_199_999_999_999_999_999 }

    /// `units` × 10⁻ˢᶜᵃˡᵉ, as it stands.
    @inlinable
    public init(units: Int128, scale: Int) {
        precondition((0...36).contains(scale), "a decimal has 0 to 36 decimal places")
        high = Int64(truncatingIfNeeded: units >> 64)
        low = UInt64(truncatingIfNeeded: units)
        self.scale = UInt8(truncatingIfNeeded: scale)
    }

    /// A whole number.
    @inlinable
    public init(_ integer: Int) {
        self.init(units: Int128(integer), scale: 0)
    }

    /// Nothing, without decimals.
    public static let zero = FixedDecimal(units: 0, scale: 0)

    /// The number as storage keeps it in SQLite: units of 10⁻⁸.
    @inlinable
    public init(storedUnits: Int64) {
        self.init(units: Int128(storedUnits), scale: 8)
    }

    /// This number in units of 10⁻⁸, or `nil` when it has more decimals than that or is out of storage's range.
    @inlinable public var storedUnits: Int64? {
        guard let exact = rescaled(to: 8), let narrow = Int64(exactly: exact.units) else { return nil }
        return narrow.magnitude <= UInt64(FixedDecimal.storedUnitsMax) ? narrow : nil
    }

    /// Whether it is 0, with however many decimals.
    @inlinable public var isZero: Bool { units == 0 }
    /// Whether it is less than 0.
    @inlinable public var isNegative: Bool { units < 0 }
    /// The same without its sign.
    @inlinable public var magnitude: FixedDecimal { units < 0 ? -self : self }

    /// The same value with another scale, or `nil` when digits would be lost or the units do not fit.
    @inlinable
    public func rescaled(to newScale: Int) -> FixedDecimal? {
        let distance = newScale - Int(scale)
        if distance == 0 { return self }
        if distance > 0 {
            if let narrow = narrowUnits, distance <= 18 {
                // Two numbers of 64 bits always fit: no look at overflow, which takes a call with 128.
                let product = narrow.multipliedFullWidth(by: FixedDecimal.narrowPowerOfTen(distance))
                var result = self
                (result.high, result.low) = (product.high, product.low)
                result.scale = UInt8(truncatingIfNeeded: newScale)
                return result
            }
            let (product, overflow) = units.multipliedReportingOverflow(by: FixedDecimal.powerOfTen(distance))
            return overflow ? nil : FixedDecimal(units: product, scale: newScale)
        }
        let (quotient, remainder) = units.quotientAndRemainder(dividingBy: FixedDecimal.powerOfTen(-distance))
        return remainder == 0 ? FixedDecimal(units: quotient, scale: newScale) : nil
    }

    /// The same value with as few decimal places as it needs: `0.10` becomes `0.1`, `5.00` becomes `5`.
    @inlinable public var normalized: FixedDecimal {
        var result = self
        if var narrow = narrowUnits {
            while result.scale > 0, narrow % 10 == 0 {
                narrow /= 10
                result.scale -= 1
            }
            result.units = Int128(narrow)
            return result
        }
        while result.scale > 0 {
            let (quotient, remainder) = result.units.quotientAndRemainder(dividingBy: 10)
            guard remainder == 0 else { break }
            result.units = quotient
            result.scale -= 1
        }
        return result
    }

    /// Rounded to `digits` decimal places, half away from zero. A number with fewer places is unchanged in value.
    @inlinable
    public func rounded(toScale digits: Int) -> FixedDecimal {
        guard Int(scale) > digits else { return rescaled(to: digits) ?? self }
        let divisor = FixedDecimal.powerOfTen(Int(scale) - digits)
        return FixedDecimal(units: FixedDecimal.divideRoundingAway(units, by: divisor), scale: digits)
    }

    /// The units when they fit in 64 bits, as all that was read from input does: arithmetic on those is many times faster.
    @inlinable var narrowUnits: Int64? {
        high == Int64(bitPattern: low) >> 63 ? Int64(bitPattern: low) : nil
    }

    /// 10 to the power of 0…18.
    @usableFromInline
    static func narrowPowerOfTen(_ exponent: Int) -> Int64 { narrowPowersOfTen[exponent] }

    private static let narrowPowersOfTen: [Int64] = (0...18).map { exponent in
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    @usableFromInline
    static func powerOfTen(_ exponent: Int) -> Int128 {
        precondition((0...38).contains(exponent), "a power of ten beyond 128 bits")
        guard exponent > 18 else { return Int128(narrowPowersOfTen[exponent]) }
        return Int128(narrowPowersOfTen[18]) * powerOfTen(exponent - 18)
    }

    @usableFromInline
    static func divideRoundingAway(_ dividend: Int128, by divisor: Int128) -> Int128 {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        guard remainder != 0, remainder.magnitude >= divisor.magnitude - remainder.magnitude else { return quotient }
        return (dividend < 0) == (divisor < 0) ? quotient + 1 : quotient - 1
    }
}

// MARK: - Comparison

extension FixedDecimal: Comparable {
    @inlinable
    public static func == (left: FixedDecimal, right: FixedDecimal) -> Bool {
        if left.scale == right.scale { return left.units == right.units }
        let (a, b) = (left.normalized, right.normalized)
        return a.units == b.units && a.scale == b.scale
    }

    @inlinable
    public static func < (left: FixedDecimal, right: FixedDecimal) -> Bool {
        if left.scale == right.scale { return left.units < right.units }
        let scale = max(Int(left.scale), Int(right.scale))
        if let a = left.rescaled(to: scale), let b = right.rescaled(to: scale) { return a.units < b.units }
        // Only magnitudes near 128 bits get here: the one that cannot be spread to the finer scale is the larger.
        if left.isNegative != right.isNegative { return left.isNegative }
        let leftIsLarger = left.rescaled(to: scale) == nil
        return leftIsLarger == left.isNegative
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        let canonical = normalized
        hasher.combine(canonical.units)
        hasher.combine(canonical.scale)
    }
}

// MARK: - Arithmetic

extension FixedDecimal {
    /// - Precondition: The sum fits in 128 bits at the finer of the two scales, as sums of bounded numbers do.
    @inlinable
    public static func + (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        if left.scale == right.scale { return FixedDecimal(units: left.units + right.units, scale: Int(left.scale)) }
        let scale = max(Int(left.scale), Int(right.scale))
        guard let a = left.rescaled(to: scale), let b = right.rescaled(to: scale) else {
            preconditionFailure("a sum of decimals beyond 128 bits")
        }
        return FixedDecimal(units: a.units + b.units, scale: scale)
    }

    /// The exact difference, with the decimals of the operand that has more.
    @inlinable
    public static func - (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal { left + (-right) }

    /// The same with the other sign.
    @inlinable
    public static prefix func - (value: FixedDecimal) -> FixedDecimal {
        FixedDecimal(units: -value.units, scale: Int(value.scale))
    }

    /// Adds in place.
    @inlinable
    public static func += (left: inout FixedDecimal, right: FixedDecimal) { left = left + right }

    /// Subtracts in place.
    @inlinable
    public static func -= (left: inout FixedDecimal, right: FixedDecimal) { left = left - right }

    /// The exact product, or `nil` when it does not fit in 128 bits.
    @inlinable
    public func multiplied(by other: FixedDecimal) -> FixedDecimal? {
        let (a, b) = (normalized, other.normalized)
        let (product, overflow) = a.units.multipliedReportingOverflow(by: b.units)
        let scale = Int(a.scale) + Int(b.scale)
        return overflow || scale > 36 ? nil : FixedDecimal(units: product, scale: scale)
    }

    /// The quotient rounded to `digits` decimal places, half away from zero; `nil` for a zero divisor or when an
    /// intermediate number does not fit in 128 bits.
    @inlinable
    public func divided(by divisor: FixedDecimal, digits: Int) -> FixedDecimal? {
        let (a, b) = (normalized, divisor.normalized)
        guard !b.isZero else { return nil }
        let exponent = digits + Int(b.scale) - Int(a.scale)
        guard exponent.magnitude <= 36 else { return nil }
        let power = FixedDecimal.powerOfTen(Int(exponent.magnitude))
        let (dividendFactor, divisorFactor): (Int128, Int128) = exponent >= 0 ? (power, 1) : (1, power)
        let (top, topOverflow) = a.units.multipliedReportingOverflow(by: dividendFactor)
        let (bottom, bottomOverflow) = b.units.multipliedReportingOverflow(by: divisorFactor)
        guard !topOverflow, !bottomOverflow else { return nil }
        return FixedDecimal(units: FixedDecimal.divideRoundingAway(top, by: bottom), scale: digits)
    }

    /// This number as a percentage of `whole`, two decimals, half away from zero; `nil` when `whole` is zero.
    @inlinable
    public func percentage(of whole: FixedDecimal) -> FixedDecimal? {
        if let narrow = narrowPercentage(of: whole) { return narrow }
        guard let hundredfold = multiplied(by: FixedDecimal(100)) else { return nil }
        return hundredfold.divided(by: whole, digits: 2)
    }
    /// The same for two numbers of one scale whose division 64 bits are enough for, as for money and prices from storage;
    /// `nil` for others.
    @usableFromInline
    func narrowPercentage(of whole: FixedDecimal) -> FixedDecimal? {
        guard scale == whole.scale, scale <= 18, let part = narrowUnits, let divisor = whole.narrowUnits, divisor != 0
        else { return nil }
        // A hundredfold, with two decimals.
        let (dividend, overflow) = part.magnitude.multipliedReportingOverflow(by: 10_000)
        guard !overflow else { return nil }
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor.magnitude)
        let rounded = Int128(remainder >= divisor.magnitude - remainder ? quotient + 1 : quotient)
        return FixedDecimal(units: (part < 0) == (divisor < 0) ? rounded : -rounded, scale: 2)
    }
}
