import PluginAPI
import TradingBook

extension EventDrafts {
    /// Tells of every step but those within a grace: what heals before it opens has never been a break.
    ///
    /// - Parameter breaks: The breaks of the steps as these have left them.
    mutating func add(_ steps: [BreakStep], of breaks: [StoredBreak], account: String) {
        guard !steps.isEmpty else { return }
        let items = Dictionary(breaks.map { ($0.id, $0) }) { _, last in last }
        for step in steps where step.to != .pending {
            guard let item = items[step.breakID] else { continue }
            add(.breakChanged, of: account, [step.breakID, String(step.sequence)], at: step.origin.at) { json in
                json.field("break_id", step.breakID)
                json.field("change", step.name.rawValue)
                json.field("from", step.from?.rawValue)
                json.field("to", step.to.rawValue)
                json.field("resolution", step.resolution?.rawValue)
                json.field("class", item.breakClass.rawValue)
                json.field("severity", item.breakClass.severity.rawValue)
                json.field("symbol", item.symbol)
                json.field("trade_id", item.tradeID)
                json.field("ticket", item.ticket)
                json.key("differences")
                json.raw(item.differences.utf8)
                json.field("first_seen_at", item.firstSeenAt)
                json.field("times_seen", item.timesSeen)
                json.field("snoozed_until", item.snoozedUntil)
                json.field("actor", step.origin.actor)
                json.field("note", step.origin.note)
                json.field("run_id", step.origin.runID)
            }
        }
    }

    mutating func addRunFinished(_ run: RunRecord, of change: IngestChange) {
        add(.runFinished, of: run.account, [run.id], at: change.now) { json in
            json.field("run_id", run.id)
            json.field("run_number", run.number)
            json.field("snapshot_id", run.snapshotID)
            json.field("rerun", run.rerun)
            json.field("as_of", run.asOf)
            json.field("verdict", run.verdict.rawValue)
            json.field("matched", run.pairs)
            json.objectField("breaks") {
                $0.field("opened", run.opened)
                $0.field("still_open", run.stillOpen)
                $0.field("resolved", run.resolved)
            }
        }
    }
}
