import PluginAPI
import TradingBook

/// Finds *breaks*: differences between the bot's book and the broker's complete snapshot of one account.
///
/// Keys decide who is compared with whom, tolerances only judge the pair. Nothing here reads a clock or a store, so the
/// same two books give the same pairs and breaks in the same order, whatever order their rows arrive in.
public struct PositionMatcher: Sendable {
    private let policy: MatchPolicy

    public init(policy: MatchPolicy = MatchPolicy()) {
        self.policy = policy
    }

    /// Pairs both sides and classifies every difference.
    ///
    /// - Returns: Pairs and breaks; each input row is accounted for once.
    /// - Throws: ``MatchFailure`` when a number cannot be kept exactly, or when rows do not add up.
    public func match(_ input: MatchInput) throws(MatchFailure) -> MatchResult {
        var symbols = SymbolTable()
        let book = try BookColumns(input.trades, symbols: &symbols)
        let broker = try BrokerColumns(input.positions, symbols: &symbols)
        let classifier = PairClassifier(policy: policy, symbols: symbols, instruments: input.instruments)
        var findings: Findings
        switch input.mode {
        case .hedging: findings = hedging(book, broker, classifier)
        case .netting: findings = try netting(input, book, broker, classifier)
        }
        addUnknownInstruments(input, book, broker, symbols, to: &findings.breaks)
        addCash(input, to: &findings.breaks)
        return try proved(findings, input)
    }

    /// A comparison's outcome before it is proved; `matched` counts rows, from the joins and not from the breaks.
    private struct Findings {
        var pairs: [MatchPair]
        var breaks: BreakCollector
        var ourMatched: Int
        var brokerMatched: Int
        var ourRepeats = 0
        var brokerRepeats = 0
        var comparisons: Int
    }

    // MARK: Hedging

    private func hedging(_ book: BookColumns, _ broker: BrokerColumns, _ classifier: PairClassifier) -> Findings {
        let join = IdentityJoin(book: book, broker: broker)
        var breaks = BreakCollector()
        for link in join.links {
            let ticket = broker.tickets[link.position]
            breaks.add(
                classifier.differences(link.trade, of: book, link.position, of: broker), key: "ticket:\(ticket)",
                symbol: classifier.symbols[book.instruments[link.trade]], tradeID: book.ids[link.trade],
                ticket: ticket)
        }
        addUnpaired(join, book, broker, classifier.symbols, to: &breaks)
        addRepeats(join, book, broker, classifier.symbols, to: &breaks)
        return Findings(
            pairs: pairs(of: join, book, broker, classifier.symbols), breaks: breaks, ourMatched: join.links.count,
            brokerMatched: join.links.count, ourRepeats: join.repeatOfTrade.count,
            brokerRepeats: join.repeatOfPosition.count, comparisons: join.comparisons + join.links.count)
    }

    private func pairs(
        of join: IdentityJoin,
        _ book: BookColumns,
        _ broker: BrokerColumns,
        _ symbols: SymbolTable
    ) -> [MatchPair] {
        join.links.sorted { $0.position < $1.position }.map { link in
            MatchPair(
                tradeIDs: [book.ids[link.trade]], tickets: [broker.tickets[link.position]], grade: link.grade,
                symbol: symbols[broker.instruments[link.position]])
        }
    }

    private func addUnpaired(
        _ join: IdentityJoin,
        _ book: BookColumns,
        _ broker: BrokerColumns,
        _ symbols: SymbolTable,
        to breaks: inout BreakCollector
    ) {
        for trade in join.unpairedTrades {
            let ticket = book.tickets[trade]
            // A ticket that is there but belongs to another trade's pair cannot name this break as well.
            let ownsTicket =
                ticket != 0 && broker.rowByTicket[ticket] == nil && !breaks.contains("ticket:\(ticket)")
            breaks.add(
                [Difference(.brokerClosed, ours: .units(Int128(book.volumes[trade]), digits: 0), broker: nil)],
                key: ownsTicket ? "ticket:\(ticket)" : "trade:\(book.ids[trade])",
                symbol: symbols[book.instruments[trade]], tradeID: book.ids[trade],
                ticket: ticket == 0 ? nil : ticket, ourUnmatchedRows: 1)
        }
        for position in join.unpairedPositions {
            breaks.add(
                [Difference(.unknownToUs, ours: nil, broker: .units(Int128(broker.volumes[position]), digits: 0))],
                key: "ticket:\(broker.tickets[position])", symbol: symbols[broker.instruments[position]],
                ticket: broker.tickets[position], brokerUnmatchedRows: 1)
        }
    }

    private func addRepeats(
        _ join: IdentityJoin,
        _ book: BookColumns,
        _ broker: BrokerColumns,
        _ symbols: SymbolTable,
        to breaks: inout BreakCollector
    ) {
        for row in join.repeatOfTrade.keys.sorted() {
            let ticket = book.tickets[row]
            breaks.add(
                [Difference(.duplicateOurs, ours: .units(Int128(book.volumes[row]), digits: 0), broker: nil)],
                key: ticket == 0 ? "trade:\(book.ids[row])" : "ticket:\(ticket)",
                symbol: symbols[book.instruments[row]], tradeID: book.ids[row], ticket: ticket == 0 ? nil : ticket)
        }
        for row in join.repeatOfPosition.keys.sorted() {
            let ticket = broker.tickets[row]
            breaks.add(
                [Difference(.duplicateBroker, ours: nil, broker: .units(Int128(broker.volumes[row]), digits: 0))],
                key: "ticket:\(ticket)", symbol: symbols[broker.instruments[row]], ticket: ticket)
        }
    }

    // MARK: Netting

    private func netting(
        _ input: MatchInput,
        _ book: BookColumns,
        _ broker: BrokerColumns,
        _ classifier: PairClassifier
    ) throws(MatchFailure) -> Findings {
        let comparison = try NettingComparison(input, book: book, broker: broker, classifier: classifier)
        return Findings(
            pairs: comparison.pairs.sorted { $0.tickets.lexicographicallyPrecedes($1.tickets) },
            breaks: comparison.breaks,
            ourMatched: comparison.ourMatched, brokerMatched: comparison.brokerMatched,
            comparisons: comparison.comparisons)
    }

    // MARK: The account as a whole

    private func addUnknownInstruments(
        _ input: MatchInput,
        _ book: BookColumns,
        _ broker: BrokerColumns,
        _ symbols: SymbolTable,
        to breaks: inout BreakCollector
    ) {
        let ours = Set(book.instruments)
        let theirs = Set(broker.instruments)
        for number in ours.union(theirs) {
            let symbol = symbols[number]
            guard input.instruments[symbol]?.isKnown != true else { continue }
            let unknown = Difference(
                .instrumentUnknown, ours: ours.contains(number) ? .text(symbol) : nil,
                broker: theirs.contains(number) ? .text(symbol) : nil)
            breaks.add([unknown], key: "symbol:\(symbol)", symbol: symbol)
        }
    }

    /// Equity may differ by a cent for each position and one more, because brokers round each figure.
    private func addCash(_ input: MatchInput, to breaks: inout BreakCollector) {
        guard let cash = input.cash else { return }
        let expected = cash.balance + cash.credit + cash.floating
        let delta = cash.equity - expected
        guard delta.magnitude > FixedDecimal(units: Int128(input.positions.count) + 1, scale: 2) else { return }
        let digits = input.currencyDigits
        let mismatch = Difference(
            .cashMismatch, field: .equity, ours: .number(expected, digits: digits),
            broker: .number(cash.equity, digits: digits), delta: .number(delta, digits: digits))
        breaks.add([mismatch], key: "cash", symbol: input.currency)
    }

    // MARK: Proof

    /// Rows are matched by the joins, unmatched by the breaks and repeats by themselves; together they are all rows.
    private func proved(_ findings: Findings, _ input: MatchInput) throws(MatchFailure) -> MatchResult {
        let breaks = findings.breaks.sorted()
        let ours = SideCounts(
            rows: input.trades.count, matched: findings.ourMatched,
            unmatched: breaks.reduce(0) { $0 + $1.ourUnmatchedRows }, duplicate: findings.ourRepeats)
        let broker = SideCounts(
            rows: input.positions.count, matched: findings.brokerMatched,
            unmatched: breaks.reduce(0) { $0 + $1.brokerUnmatchedRows }, duplicate: findings.brokerRepeats)
        guard ours.isConserved, broker.isConserved else { throw .notConserved(ours: ours, broker: broker) }
        return MatchResult(
            pairs: findings.pairs, breaks: breaks, ours: ours, broker: broker, comparisons: findings.comparisons)
    }
}
