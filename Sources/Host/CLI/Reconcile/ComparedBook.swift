import TradingBook

/// Our side of a comparison of files: the open trades of a book.
///
/// A statement counts as a book too, for bots that keep none but their terminal's: each of its open trades is a trade whose
/// ID and ticket are the broker's ticket.
struct ComparedBook: Sendable {
    /// Open trades; rows that repeat one another stand in it as often as in the file.
    var trades: [Trade]
    /// Trades of the file that are no longer open: a position that one of them names has a key.
    var closed: [Trade] = []
    /// `nil` when no row names one.
    var account: String?
    /// ISO 4217 code; `nil` unless a statement is the book.
    var currency: String?

    /// - Throws: ``FileComplaint``
    init(_ file: ImportedFile, timeZone: TimeZoneRule?) throws {
        if file.format == .html {
            let statement = try file.statement(readBy: timeZone)
            trades = statement.open.map(Self.trade)
            currency = statement.currency
            return
        }
        let format = try file.rowFormat(of: "trades")
        let all = try file.reading { () throws(FileRefused) in
            try TradeFile.parse(file.bytes, format: format, account: nil, keepsRepeats: true)
        }
        account = TradeFile.account(of: all)
        trades = all.filter(\.isOpen)
        closed = all.filter { !$0.isOpen }
    }

    private static func trade(_ position: BrokerPosition) -> Trade {
        Trade(
            id: "\(position.ticket)", account: "", symbol: position.symbol, direction: position.direction,
            volume: position.volume, entryPrice: position.entryPrice, entryTime: position.entryTime,
            ticket: position.ticket, comment: position.comment, magic: position.magic,
            takeProfit: position.takeProfit, stopLoss: position.stopLoss)
    }
}

extension ImportedFile {
    /// The statement this file holds.
    ///
    /// - Throws: ``FileComplaint``, also when nobody told what the broker's clock is.
    func statement(readBy timeZone: TimeZoneRule?) throws -> BrokerStatement {
        guard let timeZone else {
            let line = "\(name): needs --time-zone, the broker's clock, which a statement does not name"
            throw FileComplaint(lines: [line.printable])
        }
        return try statement(timeZone: timeZone)
    }
}
