import PluginAPI
import Reconciliation
import TradingBook

/// Two books from files and the rules to compare them by. Pure: the same input has the same outcome, whatever order its
/// rows came in.
struct FileComparison: Sendable {
    var mode: Account.Mode
    var book: ComparedBook
    var snapshot: ComparedSnapshot
    var policy: PolicyFile
    /// What the account is kept in; `nil` when nobody has said it.
    var currency: String?

    /// What the equity is checked against, and what there is to say about that.
    var cash: ComparedCash { ComparedCash(snapshot, currency: currency, instruments: policy.instruments) }

    /// What the comparison came to.
    struct Outcome: Sendable, Equatable {
        var verdict: Verdict
        /// `nil` when nothing was compared, like the next.
        var result: MatchResult?
        /// Of the policy, the instruments used, the rows' use, pairs and breaks.
        var digest: String?
    }

    enum Verdict: String, Sendable {
        case reconciled, breaks
        /// The broker's side is not complete, so that nothing can be shown to be missing: nothing was compared.
        case incomplete
    }

    /// - Throws: ``FileComplaint`` when the books cannot be compared exactly.
    func outcome() throws(FileComplaint) -> Outcome {
        guard snapshot.completeness == .complete else {
            return Outcome(verdict: .incomplete)
        }
        let input = input
        do throws(MatchFailure) {
            let result = try PositionMatcher(policy: policy.policy).match(input)
            // A difference has no time to be pending in: the grace is none.
            let revision = policy.policy.revision(grace: GracePolicy(), instruments: input.instruments)
            return Outcome(
                verdict: result.breaks.isEmpty ? .reconciled : .breaks, result: result,
                digest: result.digest(revision: revision))
        } catch {
            throw FileComplaint(error)
        }
    }

    /// A netting account is compared by sums, which a row that stands twice must not enter twice.
    private var input: MatchInput {
        let keepsRepeats = mode == .hedging
        var seen: Set<String> = []
        let trades = book.trades.filter { keepsRepeats || seen.insert($0.id).inserted }.map { trade in
            var trade = trade
            trade.instrument = policy.instruments.canonical(trade.symbol)
            return trade
        }
        let positions = (snapshot.positions + (keepsRepeats ? snapshot.repeats : [])).map { position in
            var position = position
            position.instrument = policy.instruments.canonical(position.symbol)
            return position
        }
        return MatchInput(
            mode: mode, trades: trades, closed: book.closed.map(ClosedTrade.init), positions: positions,
            instruments: instruments(of: trades, positions), cash: cash.figures, currency: currency ?? "",
            currencyDigits: currency.flatMap { Currency($0) }?.digits ?? 2)
    }

    /// By canonical symbol; those that nobody has described have the most digits seen on either side or in quotes.
    private func instruments(of trades: [Trade], _ positions: [BrokerPosition]) -> [String: Instrument] {
        var digits: [String: Int] = [:]
        func see(_ symbol: String, _ prices: [FixedDecimal?]) {
            let most = prices.compactMap { $0.map { Int($0.scale) } }.max() ?? 0
            digits[symbol] = max(digits[symbol] ?? 0, most)
        }
        for trade in trades { see(trade.instrument, [trade.entryPrice, trade.takeProfit, trade.stopLoss]) }
        for position in positions {
            see(
                position.instrument,
                [position.entryPrice, position.currentPrice, position.takeProfit, position.stopLoss])
        }
        for quote in snapshot.quotes {
            let symbol = policy.instruments.canonical(quote.symbol)
            guard digits[symbol] != nil else { continue }
            see(symbol, [quote.bid, quote.ask, quote.open, quote.previousClose])
        }
        return digits.reduce(into: [:]) { known, seen in
            known[seen.key] = policy.instruments.instrument(seen.key, digitsSeen: seen.value)
        }
    }
}

extension FileComplaint {
    fileprivate init(_ failure: MatchFailure) {
        switch failure {
        case .outOfRange(let name):
            self.init(lines: ["concord: \(name) is beyond what can be kept exactly".printable])
        case .notConserved(let ours, let broker):
            self.init(lines: ["concord: a mistake of this program: rows do not add up: \(ours), \(broker)"])
        }
    }
}
