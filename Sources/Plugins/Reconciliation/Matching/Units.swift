import PluginAPI

extension FixedDecimal {
    /// The number in units of 10⁻⁸; `nil` when it has more decimals or is out of storage's range.
    ///
    /// The same as `storedUnits`, in 64 bits where they suffice: a large book has millions of these.
    var columnUnits: Int64? {
        guard scale <= 8, let narrow = Int64(exactly: units) else { return storedUnits }
        let (product, overflow) = narrow.multipliedReportingOverflow(by: FixedDecimal.unitsPerStep(scale))
        guard !overflow, product.magnitude <= UInt64(FixedDecimal.storedUnitsMax) else { return nil }
        return product
    }

    /// 10 to the power of 8 − scale.
    private static func unitsPerStep(_ scale: UInt8) -> Int64 {
        switch scale {
        case 0: 100_000_000
        case 1: 10_000_000
        case 2: 1_000_000
        case 3: 100_000
        case 4: 10_000
        case 5: 1_000
        case 6: 100
        case 7: 10
        default: 1
        }
    }
}

/// The units of a number that belongs to `name`, or the failure that says whose number it is.
func units(_ number: FixedDecimal, of name: @autoclosure () -> String) throws(MatchFailure) -> Int64 {
    guard let units = number.columnUnits else { throw .outOfRange(name()) }
    return units
}

/// The same for a stop or target, 0 when it is not set.
func level(_ number: FixedDecimal?, of name: @autoclosure () -> String) throws(MatchFailure) -> Int64 {
    guard let number else { return 0 }
    return try units(number, of: name())
}
