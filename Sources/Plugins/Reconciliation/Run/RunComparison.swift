import PluginAPI
import TradingBook

/// A comparison and what it does to the account's breaks.
struct RunComparison {
    var books: BookComparison
    var life: BreakLife.Outcome
    /// What it does to the numbers of breaks.
    var shift: BreakShift

    /// The noticed breaks for the log; the gravest come last, and so first where the newest stands on top.
    var divergences: [LogEntry] {
        get throws { try life.noticed.reversed().map { try LogEntry.divergence($0) } }
    }
}

extension RunRecord {
    /// Takes over a comparison's figures; rows of pending breaks count as pending, not as unmatched.
    mutating func take(_ comparison: RunComparison) {
        let (result, life) = (comparison.books.result, comparison.life)
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
        policyRevision = comparison.books.policyRevision
        digest = comparison.books.digest
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
