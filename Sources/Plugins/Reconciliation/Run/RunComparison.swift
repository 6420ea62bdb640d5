import PluginAPI
import TradingBook

/// A comparison and what it does to the account's breaks and positions.
struct RunComparison {
    var result: MatchResult
    var life: BreakLife.Outcome
    /// What it does to the numbers of breaks.
    var shift: BreakShift
    /// As they were before the run.
    var positions: [OpenPosition]
    /// Of the settings and the instruments that the two books use.
    var policyRevision: String

    /// What becomes of the positions' pairing.
    struct Pairing {
        /// Tickets whose trade is another one than before, or none any more.
        var changed: [(ticket: Int64, tradeID: String?)] = []
        /// Pairs that were not there before the run.
        var formed: [(pair: MatchPair, ticket: Int64)] = []
    }

    var pairing: Pairing {
        var pairByTicket: [Int64: MatchPair] = [:]
        for pair in result.pairs {
            for ticket in pair.tickets { pairByTicket[ticket] = pair }
        }
        var pairing = Pairing()
        for position in positions {
            let pair = pairByTicket[position.ticket]
            guard pair?.tradeIDs.first != position.matchedTradeID else { continue }
            pairing.changed.append((position.ticket, pair?.tradeIDs.first))
            if let pair { pairing.formed.append((pair, position.ticket)) }
        }
        return pairing
    }

    /// The noticed breaks for the log; the gravest come last, and so first where the newest stands on top.
    var divergences: [LogEntry] {
        get throws { try life.noticed.reversed().map { try LogEntry.divergence($0) } }
    }
}

extension RunRecord {
    /// Takes over a comparison's figures; rows of pending breaks count as pending, not as unmatched.
    mutating func take(_ comparison: RunComparison) {
        let (result, life) = (comparison.result, comparison.life)
        ours = result.ours
        broker = result.broker
        for found in result.breaks where life.pendingKeys.contains(found.key) {
            ours.unmatched -= found.ourUnmatchedRows
            ours.pending += found.ourUnmatchedRows
            broker.unmatched -= found.brokerUnmatchedRows
            broker.pending += found.brokerUnmatchedRows
        }
        pairs = Int64(result.pairs.count)
        opened = Int64(life.opened.count)
        stillOpen = Int64(life.stillOpen)
        resolved = Int64(life.resolved)
        pending = Int64(life.pendingKeys.count)
        policyRevision = comparison.policyRevision
        digest = result.digest(revision: policyRevision)
        if opened + stillOpen > 0 {
            verdict = .breaks
        } else if pending > 0 {
            verdict = .reconciledWithPending
        }
    }

    func summary(hasCashMismatch: Bool) -> RunSummary {
        RunSummary(
            runID: id, verdict: verdict, matched: pairs, opened: opened, stillOpen: stillOpen, resolved: resolved,
            hasCashMismatch: hasCashMismatch)
    }
}
