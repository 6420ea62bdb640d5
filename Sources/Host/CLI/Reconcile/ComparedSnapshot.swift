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
    /// The account's figures as the broker states them.
    private(set) var figures: AccountFigures?
    /// Prices of a snapshot's quotes, which tell digits as those of positions do.
    private(set) var quotes: [Quote] = []

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
        quotes = content.snapshot.quotes
    }
}
