import PluginAPI
import Reconciliation
import TradingBook

/// What the broker's equity must follow from, in a comparison of files; or why it is not checked.
///
/// Positions without a profit are valued as those of a stored snapshot are, which takes the account's currency.
struct ComparedCash: Sendable {
    /// `nil` unless balance and equity are stated and every position's profit is known.
    private(set) var figures: CashFigures?
    /// Sentences for people, about figures that are stated.
    private(set) var notes: [String] = []

    private static let unnamed = "No currency is named, which --currency does"

    init(_ snapshot: ComparedSnapshot, currency: String?, instruments: InstrumentBook) {
        guard let balance = snapshot.figures?.balance, let equity = snapshot.figures?.equity else { return }
        guard currency != nil || snapshot.positions.allSatisfy({ $0.profit != nil }) else {
            let reason = "the equity was not checked, because a position without a profit cannot be valued"
            notes.append("\(Self.unnamed): \(reason).")
            return
        }
        if currency == nil { notes.append("\(Self.unnamed): amounts have two decimals.") }
        do throws(Problem) {
            // Asked for only where a profit is missing, and then it is named.
            let code = currency ?? ""
            let digits = Currency(code)?.digits ?? 2
            let valued = try SnapshotValuation(currency: code, currencyDigits: digits, book: instruments)
                .value(
                    Snapshot(account: "", asOf: snapshot.asOf, completeness: .complete, positions: snapshot.positions))
            figures = CashFigures(
                balance: balance, credit: snapshot.figures?.credit ?? .zero,
                floating: valued.positions.reduce(.zero) { $0 + $1.unrealizedPnL }, equity: equity)
        } catch {
            notes += error.errors.map { "The equity was not checked: \($0.detail)." }
        }
    }
}
