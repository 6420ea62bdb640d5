import PluginAPI

/// How large a row of a book may be, so that sums over many rows stay exact.
///
/// Volumes and costs of an account are added up in 128 bits, in units of 10⁻⁸ and 10⁻¹⁶: with this bound it takes more than
/// ten million of the largest rows to leave them.
enum RowSize {
    /// Volume times price must be below this.
    static let costMax = FixedDecimal(Int(unitsMax))
    private static var unitsMax: Int64 { 100_000_000_000_000 }

    /// What is wrong with the size of a row; `nil` when nothing is.
    static func problem(volume: FixedDecimal, price: FixedDecimal, priceName: String) -> String? {
        // Units are at least the value: a small product of theirs needs no exact one.
        if let volume = Int64(exactly: volume.units), let price = Int64(exactly: price.units) {
            let (cost, overflow) = volume.multipliedReportingOverflow(by: price)
            if !overflow, volume >= 0, price >= 0, cost < unitsMax { return nil }
        }
        if let cost = volume.multiplied(by: price), cost < costMax { return nil }
        return "times \(priceName) must be below \(costMax)"
    }
}
