/// The sum of an instrument's rows in a netting account: a signed volume and an average price.
///
/// Adding to a position moves its average, reducing it does not, and a fill that crosses zero starts the average anew.
/// Volumes are in units of 10⁻⁸; the cost is kept exactly in units of 10⁻¹⁶, so that the order of equal fills in one
/// direction does not matter.
struct NetPosition: Equatable {
    /// Above zero for long.
    private(set) var volume: Int128 = 0
    /// Volume times average price, never negative.
    private var cost: Int128 = 0

    /// The average price in units of 10⁻⁸, half away from zero; 0 when flat.
    var averagePrice: Int128 {
        guard volume != 0 else { return 0 }
        let size = Int128(volume.magnitude)
        let (quotient, remainder) = cost.quotientAndRemainder(dividingBy: size)
        return remainder >= size - remainder ? quotient + 1 : quotient
    }

    /// - Parameters:
    ///   - size: Signed: a sale is negative.
    ///   - price: Above zero.
    /// - Returns: Whether the sum can be kept exactly.
    mutating func add(_ size: Int128, at price: Int64) -> Bool {
        let before = volume
        let (after, overflow) = before.addingReportingOverflow(size)
        guard !overflow else { return false }
        volume = after
        if before == 0 || (before > 0) == (size > 0) { return addCost(Int128(size.magnitude), price) }
        if after != 0, (after > 0) != (before > 0) {
            cost = 0
            return addCost(Int128(after.magnitude), price)
        }
        let wide = cost.multipliedFullWidth(by: Int128(after.magnitude))
        cost = Int128(before.magnitude).dividingFullWidth(wide).quotient
        return true
    }

    private mutating func addCost(_ size: Int128, _ price: Int64) -> Bool {
        let (product, overflow) = size.multipliedReportingOverflow(by: Int128(price))
        let (sum, carry) = cost.addingReportingOverflow(product)
        guard !overflow, !carry else { return false }
        cost = sum
        return true
    }
}
