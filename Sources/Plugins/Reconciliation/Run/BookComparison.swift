import PluginAPI
import TradingBook

/// The two books of a run compared: everything about it that needs no storage.
struct BookComparison: Sendable {
    /// With the closed trades that the result rests on.
    let input: MatchInput
    let result: MatchResult
    /// The result's breaks, in its order.
    let findings: [Finding]
    /// Of the settings and the instruments that the two books use.
    let policyRevision: String
    let digest: String
    let pairing: Pairing

    /// What becomes of the positions' pairing.
    struct Pairing: Sendable {
        /// Tickets whose trade is another one than before, or none any more.
        var changed: [(ticket: Int64, tradeID: String?)] = []
        /// Pairs that were not there before the run.
        var formed: [(pair: MatchPair, ticket: Int64)] = []

        init(_ pairs: [MatchPair], before positions: [OpenPosition]) {
            var pairByTicket: [Int64: MatchPair] = [:]
            for pair in pairs {
                for ticket in pair.tickets { pairByTicket[ticket] = pair }
            }
            for position in positions {
                let pair = pairByTicket[position.ticket]
                guard pair?.tradeIDs.first != position.matchedTradeID else { continue }
                changed.append((position.ticket, pair?.tradeIDs.first))
                if let pair { formed.append((pair, position.ticket)) }
            }
        }
    }

    /// - Parameters:
    ///   - account: Whose books they are.
    ///   - positions: The open positions and their pairing before the run.
    init(
        _ input: MatchInput,
        of account: String,
        before positions: [OpenPosition],
        settings: ReconciliationSettings
    ) throws(MatchFailure) {
        self.input = input
        result = try PositionMatcher(policy: settings.policy).match(input)
        findings = result.breaks.map { Finding($0, of: account) }
        policyRevision = settings.policy.revision(grace: settings.grace, instruments: input.instrumentsUsed)
        digest = result.digest(revision: policyRevision)
        pairing = Pairing(result.pairs, before: positions)
    }
}

extension MatchInput {
    /// The books of a change that is compared, without what storage would have to be asked for.
    init(_ change: IngestChange) {
        self.init(
            mode: change.account.mode, trades: change.trades, positions: MatchInput.listed(change),
            instruments: change.instruments, cash: MatchInput.cash(change), currency: change.account.currency,
            currencyDigits: change.account.currencyDigits)
    }

    /// A netting account is compared by sums, which a row that stands twice must not enter twice.
    private static func listed(_ change: IngestChange) -> [BrokerPosition] {
        change.account.mode == .netting ? change.snapshot.distinctPositions : change.snapshot.positions
    }

    /// All from the snapshot itself, whatever has become of its positions since.
    private static func cash(_ change: IngestChange) -> CashFigures? {
        guard let figures = change.snapshot.figures, let balance = figures.balance, let equity = figures.equity else {
            return nil
        }
        let floating = change.snapshot.distinctPositions.reduce(FixedDecimal.zero) { $0 + $1.unrealizedPnL }
        return CashFigures(balance: balance, credit: figures.credit ?? .zero, floating: floating, equity: equity)
    }
}
