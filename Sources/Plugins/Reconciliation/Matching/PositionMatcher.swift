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
        try match(input) { _ in }
    }

    /// The same, telling the end of each phase.
    package func match(
        _ input: MatchInput,
        onPhase: (MatchPhase) -> Void
    ) throws(MatchFailure) -> MatchResult {
        let books = try NormalisedBooks(input)
        let (book, broker, symbols) = (books.book, books.broker, books.symbols)
        let classifier = PairClassifier(policy: policy, symbols: symbols, instruments: input.instruments)
        onPhase(.normalised)
        var findings: Findings
        switch input.mode {
        case .hedging:
            findings = Findings(
                HedgingComparison(
                    book: book, broker: broker, closed: input.closed, earlierTickets: input.earlierTickets,
                    classifier: classifier
                ) { onPhase(.paired) })
        case .netting: findings = Findings(try NettingComparison(book: book, broker: broker, classifier: classifier))
        }
        addUnknownInstruments(input, symbols, to: &findings.breaks)
        addCash(input, positions: input.positions.count - findings.brokerRepeats, to: &findings.breaks)
        onPhase(.classified)
        let result = try proved(findings, input)
        onPhase(.proved)
        return result
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

        init(_ comparison: HedgingComparison) {
            pairs = comparison.pairs
            breaks = comparison.breaks
            ourMatched = comparison.pairs.count
            brokerMatched = comparison.pairs.count
            ourRepeats = comparison.ourRepeats
            brokerRepeats = comparison.brokerRepeats
            comparisons = comparison.comparisons
        }

        init(_ comparison: NettingComparison) {
            pairs = comparison.pairs.sorted { $0.tickets.lexicographicallyPrecedes($1.tickets) }
            breaks = comparison.breaks
            ourMatched = comparison.ourMatched
            brokerMatched = comparison.brokerMatched
            comparisons = comparison.comparisons
        }
    }

    // MARK: The account as a whole

    private func addUnknownInstruments(
        _ input: MatchInput,
        _ symbols: SymbolTable,
        to breaks: inout BreakCollector
    ) {
        for (number, symbol) in symbols.symbols.enumerated() {
            guard input.instruments[symbol]?.isKnown != true else { continue }
            let unknown = Difference(
                .instrumentUnknown, ours: symbols.isOurs[number] ? .text(symbol) : nil,
                broker: symbols.isBrokers[number] ? .text(symbol) : nil)
            breaks.add([unknown], key: "symbol:\(symbol)", symbol: symbol)
        }
    }

    /// Equity may differ by a cent for each position and one more, because brokers round each figure.
    private func addCash(_ input: MatchInput, positions: Int, to breaks: inout BreakCollector) {
        guard let cash = input.cash else { return }
        let expected = cash.balance + cash.credit + cash.floating
        let delta = cash.equity - expected
        guard delta.magnitude > FixedDecimal(units: Int128(positions) + 1, scale: 2) else { return }
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

/// A part of a comparison. Its end is told to who wants to know where the time goes; the matcher itself has no clock.
package enum MatchPhase: String, Sendable, CaseIterable {
    /// Both books are columns.
    case normalised
    /// Every row has its partner, or none. A netting account goes straight on.
    case paired
    /// Every difference is found.
    case classified
    /// The rows add up.
    case proved
}
