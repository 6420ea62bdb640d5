import PluginAPI
import TradingBook

/// Compares two books of a hedging account: rows are paired one by one, and each pair is judged.
struct HedgingComparison {
    let book: BookColumns
    let broker: BrokerColumns
    let classifier: PairClassifier
    private let pairing: Pairing
    /// Sorted by ticket.
    private(set) var pairs: [MatchPair] = []
    private(set) var breaks = BreakCollector()
    private(set) var comparisons: Int
    private(set) var ourRepeats = 0
    private(set) var brokerRepeats = 0

    /// - Parameter onPaired: Called when every row has its partner, or none.
    init(
        book: BookColumns,
        broker: BrokerColumns,
        closed: [ClosedTrade],
        earlierTickets: [Int64: Int64],
        classifier: PairClassifier,
        onPaired: () -> Void
    ) {
        self.book = book
        self.broker = broker
        self.classifier = classifier
        let identity = IdentityJoin(book: book, broker: broker, closed: closed, earlierTickets: earlierTickets)
        let likeness = LikenessJoin(identity, classifier: classifier)
        pairing = likeness.pairing
        comparisons = identity.comparisons + likeness.comparisons
        onPaired()
        judgePairs()
        addUnpaired()
        addUndecided()
        addRepeats()
    }

    private var symbols: SymbolTable { classifier.symbols }

    private mutating func judgePairs() {
        pairs.reserveCapacity(pairing.pairs)
        comparisons += pairing.pairs
        for position in broker.rows.indices {
            guard let (trade, grade) = pairing.partner(ofPosition: position) else { continue }
            let ticket = broker.rows[position].ticket
            let id = book.id(trade)
            pairs.append(
                MatchPair(
                    tradeID: id, ticket: ticket, grade: grade, symbol: symbols[broker.rows[position].instrument]))
            let differences = classifier.differences(trade, of: book, position, of: broker)
            guard !differences.isEmpty else { continue }
            breaks.add(
                differences, key: "ticket:\(ticket)", symbol: symbols[book.rows[trade].instrument], tradeID: id,
                ticket: ticket)
        }
    }

    private mutating func addUnpaired() {
        for trade in pairing.unpairedTrades {
            let ticket = book.rows[trade].ticket
            // A ticket that is there but belongs to another trade's pair cannot name this break as well.
            let ownsTicket =
                ticket != 0 && broker.row(ofTicket: ticket) == nil && !breaks.contains("ticket:\(ticket)")
            breaks.add(
                [alone(.brokerClosed, trade: trade)],
                key: ownsTicket ? "ticket:\(ticket)" : "trade:\(book.id(trade))",
                symbol: symbols[book.rows[trade].instrument], tradeID: book.id(trade),
                ticket: ticket == 0 ? nil : ticket, ourUnmatchedRows: 1)
        }
        for position in pairing.unpairedPositions {
            add(.unknownToUs, position: position)
        }
    }

    /// Each row of several possible partners stands under its own key, with the other side missing: it is not known which.
    private mutating func addUndecided() {
        for trade in pairing.undecidedTrades {
            breaks.add(
                [alone(.ambiguous, trade: trade)], key: "trade:\(book.id(trade))",
                symbol: symbols[book.rows[trade].instrument], tradeID: book.id(trade), ourUnmatchedRows: 1)
        }
        for position in pairing.undecidedPositions {
            add(.ambiguous, position: position)
        }
    }

    private mutating func addRepeats() {
        for trade in pairing.repeatedTrades {
            let ticket = book.rows[trade].ticket
            ourRepeats += 1
            breaks.add(
                [alone(.duplicateOurs, trade: trade)],
                key: ticket == 0 ? "trade:\(book.id(trade))" : "ticket:\(ticket)",
                symbol: symbols[book.rows[trade].instrument], tradeID: book.id(trade),
                ticket: ticket == 0 ? nil : ticket)
        }
        for position in pairing.repeatedPositions {
            brokerRepeats += 1
            add(.duplicateBroker, position: position, unmatchedRows: 0)
        }
    }

    private mutating func add(_ breakClass: BreakClass, position: Int, unmatchedRows: Int = 1) {
        let row = broker.rows[position]
        let alone = Difference(
            breakClass, ours: nil, broker: .units(Int128(row.volume), digits: 0), direction: row.isBuy ? .buy : .sell,
            repeats: breakClass == .duplicateBroker ? 1 : nil)
        breaks.add(
            [alone], key: "ticket:\(row.ticket)", symbol: symbols[row.instrument], ticket: row.ticket,
            brokerUnmatchedRows: unmatchedRows)
    }

    private func alone(_ breakClass: BreakClass, trade: Int) -> Difference {
        let row = book.rows[trade]
        return Difference(
            breakClass, ours: .units(Int128(row.volume), digits: 0), broker: nil, direction: row.isBuy ? .buy : .sell,
            repeats: breakClass == .duplicateOurs ? 1 : nil)
    }
}
