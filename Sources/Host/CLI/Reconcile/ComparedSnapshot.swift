import PluginAPI
import Reconciliation
import TradingBook

/// The broker's side of a comparison of files: its open positions, and what is known of its figures.
struct ComparedSnapshot: Sendable {
    /// Each ticket once.
    var positions: [BrokerPosition]
    /// Rows that repeat one of them.
    var repeats: [BrokerPosition] = []
    var completeness = Snapshot.Completeness.complete
    /// Why a failed snapshot failed.
    var error: String?
    var asOf: Timestamp
    /// ISO 4217 code; `nil` when the file names none.
    var currency: String?
    private var figures: AccountFigures?

    /// - Parameter account: The account that our side names, which this one must not contradict.
    /// - Throws: ``FileComplaint``
    init(_ file: ImportedFile, account: String?, timeZone: TimeZoneRule?, asOf: Timestamp?) throws {
        if file.format == .html {
            let statement = try file.statement(readBy: timeZone)
            positions = statement.open
            self.asOf = statement.asOf
            currency = statement.currency
            figures = AccountFigures(
                balance: statement.totals.balance, equity: statement.totals.equity, margin: statement.totals.margin,
                credit: statement.totals.credit)
            return
        }
        let format = try file.rowFormat(of: "positions")
        let content = try file.reading { () throws(FileRefused) in
            try PositionFile.read(file.bytes, format: format, account: account, asOf: asOf)
        }
        positions = content.snapshot.positions
        repeats = content.repeats
        completeness = content.snapshot.completeness
        error = content.snapshot.error
        self.asOf = content.snapshot.asOf
        figures = content.snapshot.figures
    }

    /// The figures from which equity must follow; `nil` unless they are all there and every position states its profit.
    var cash: CashFigures? {
        guard let balance = figures?.balance, let equity = figures?.equity else { return nil }
        var floating = FixedDecimal.zero
        for position in positions {
            guard let profit = position.profit else { return nil }
            floating += profit + position.swap + position.commission + position.taxes
        }
        return CashFigures(balance: balance, credit: figures?.credit ?? .zero, floating: floating, equity: equity)
    }
}
