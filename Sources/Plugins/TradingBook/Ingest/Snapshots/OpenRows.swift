import PluginAPI

/// What is stored of an account's open positions besides what moves with the market, in order of ticket.
struct OpenRows: Sendable {
    private let rows: Rows

    /// None.
    init() {
        rows = .none
    }

    init(account: String, in transaction: any Transaction) throws {
        rows = try transaction.rows(
            """
            SELECT ticket, symbol, broker_symbol, digits, direction, volume, entry_price, entry_time, take_profit,
            stop_loss, comment, magic, matched_trade_id
            FROM positions WHERE account_id = \(account) AND status = 'open' ORDER BY ticket
            """)
    }

    var count: Int { rows.count }

    /// Which they are, and what each is paired with.
    var open: [OpenPosition] {
        rows.compactMap { row in row.integer(0).map { OpenPosition(ticket: $0, matchedTradeID: row.text(12)) } }
    }

    /// What a list of positions says beside the stored ones.
    struct Comparison: Sendable {
        /// Listed.
        var open: [OpenPosition] = []
        /// Listed as stored, but for prices and profit.
        var moved: [BrokerPosition] = []
        /// Listed and not stored as open, or stored with other content.
        var changed: [BrokerPosition] = []
        /// Tickets that are stored and not listed, ascending.
        var gone: [Int64] = []

        /// Whether more than prices and profit is different.
        var changesBook: Bool { !changed.isEmpty || !gone.isEmpty }
    }

    /// - Parameter positions: In order of ticket, each once.
    func compare(with positions: [BrokerPosition], digits: (String) -> Int) -> Comparison {
        var comparison = Comparison()
        var stored = rows.makeIterator()
        var row = stored.next()
        for position in positions {
            while let ticket = row?.integer(0), ticket < position.ticket {
                comparison.gone.append(ticket)
                row = stored.next()
            }
            guard let current = row, current.integer(0) == position.ticket else {
                comparison.open.append(OpenPosition(ticket: position.ticket, matchedTradeID: nil))
                comparison.changed.append(position)
                continue
            }
            comparison.open.append(OpenPosition(ticket: position.ticket, matchedTradeID: current.text(12)))
            let isSame = Self.shows(current, position, digits: digits(position.instrument))
            if isSame { comparison.moved.append(position) } else { comparison.changed.append(position) }
            row = stored.next()
        }
        while let ticket = row?.integer(0) {
            comparison.gone.append(ticket)
            row = stored.next()
        }
        return comparison
    }

    private static func shows(_ row: Row, _ position: BrokerPosition, digits: Int) -> Bool {
        row.text(1)?.hasSameBytes(as: position.instrument) == true
            && row.text(2)?.hasSameBytes(as: position.symbol) == true
            && row.integer(3) == Int64(digits)
            && row.text(4)?.hasSameBytes(as: position.direction.rawValue) == true
            && row.decimal(5) == position.volume && row.decimal(6) == position.entryPrice
            && row.timestamp(7) == position.entryTime && row.decimal(8) == position.takeProfit
            && row.decimal(9) == position.stopLoss && isSame(row.text(10), position.comment)
            && row.integer(11) == position.magic
    }

    private static func isSame(_ stored: String?, _ listed: String?) -> Bool {
        guard let stored, let listed else { return stored == nil && listed == nil }
        return stored.hasSameBytes(as: listed)
    }
}
