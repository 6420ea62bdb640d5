/// The sum of an instrument's rows in a netting account: a signed volume and an average price.
///
/// Adding to a position moves its average, reducing it does not, and a fill that crosses zero starts the average anew.
/// Volumes are in units of 10⁻⁸; the cost is kept exactly in units of 10⁻¹⁶, so that the order of equal fills in one
/// direction does not matter.
struct NetPosition: Equatable {
    /// Above zero for long.
    private(set) var volume: Int128 = 0
    /// ``size`` times the average price, never negative.
    private var cost: Int128 = 0
    /// The volume that the cost is of: a reduction leaves both as they are.
    private var size: Int128 = 0

    /// The average price in units of 10⁻⁸, half away from zero; 0 when flat.
    var averagePrice: Int128 {
        guard volume != 0 else { return 0 }
        let (quotient, remainder) = cost.quotientAndRemainder(dividingBy: size)
        return remainder >= size - remainder ? quotient + 1 : quotient
    }

    /// - Parameters:
    ///   - change: Signed: a sale is negative.
    ///   - price: Above zero.
    /// - Returns: Whether the sum can be kept exactly.
    mutating func add(_ change: Int128, at price: Int64) -> Bool {
        let before = volume
        let (after, overflow) = before.addingReportingOverflow(change)
        guard !overflow else { return false }
        volume = after
        if before != 0, (before > 0) != (change > 0) {
            if (after > 0) == (before > 0), after != 0 { return true }
            (cost, size) = (0, 0)
            return addCost(Int128(after.magnitude), price)
        }
        reduceCost(to: Int128(before.magnitude))
        return addCost(Int128(change.magnitude), price)
    }

    /// Brings the cost down to the volume that earlier reductions have left.
    private mutating func reduceCost(to left: Int128) {
        guard size != left, size != 0 else { return }
        let wide = cost.multipliedFullWidth(by: left)
        cost = size.dividingFullWidth(wide).quotient
        size = left
    }

    private mutating func addCost(_ added: Int128, _ price: Int64) -> Bool {
        let (product, overflow) = added.multipliedReportingOverflow(by: Int128(price))
        let (sum, carry) = cost.addingReportingOverflow(product)
        guard !overflow, !carry else { return false }
        cost = sum
        size += added
        return true
    }
}
