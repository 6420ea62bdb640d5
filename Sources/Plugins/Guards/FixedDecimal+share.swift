import PluginAPI

extension FixedDecimal {
    /// Whether this amount is at least `percent` per cent of `whole`, compared exactly by cross-multiplication.
    ///
    /// - Precondition: Amounts are within storage's range, or sums of a few thousand such, and percentages below 10,000;
    ///   the products then fit in 128 bits.
    func isAtLeast(_ percent: FixedDecimal, percentOf whole: FixedDecimal) -> Bool {
        guard let part = multiplied(by: FixedDecimal(100)), let bound = whole.multiplied(by: percent) else {
            preconditionFailure("a share of an unbounded amount")
        }
        return part >= bound
    }

    /// Whether this amount is more than `percent` per cent of `whole`, compared exactly.
    func isMoreThan(_ percent: FixedDecimal, percentOf whole: FixedDecimal) -> Bool {
        guard let part = multiplied(by: FixedDecimal(100)), let bound = whole.multiplied(by: percent) else {
            preconditionFailure("a share of an unbounded amount")
        }
        return part > bound
    }
}
