import PluginAPI
import TradingBook

/// Carries an account's breaks from one run to the next: what a comparison found against what is stored.
///
/// A run first does what time had left to do, then looks at what it found. Times and IDs are given; nothing here reads a
/// clock. The steps themselves are ``StoredBreak``'s.
struct BreakLife {
    let account: String
    let runID: String
    let snapshotID: String
    let asOf: Timestamp
    let now: Timestamp
    let grace: GracePolicy

    /// What a run changes.
    struct Outcome: Sendable, Equatable {
        /// Every break the run touched, as it now stands: all that are not resolved, and those it resolved or found again.
        var changed: [StoredBreak] = []
        /// Pending ones that were never opened and are gone.
        var dropped: [String] = []
        var steps: [BreakStep] = []
        /// Opened or reopened, each once.
        var opened: [StoredBreak] = []
        /// What the log is to tell: opened or no longer muted, and not muted now. Gravest first.
        var noticed: [StoredBreak] = []
        /// Open or acknowledged before, and found again.
        var stillOpen = 0
        var resolved = 0
        /// Keys of the found breaks that are pending after the run.
        var pendingKeys: Set<String> = []

        func count(_ status: BreakStatus) -> Int64 { Int64(changed.count { $0.status == status }) }
    }

    static func id(account: String, key: String) -> String { DerivedID.make("brk", account, key) }

    private var origin: BreakStep.Origin { .run(runID, at: now) }

    /// - Parameters:
    ///   - findings: What the comparison found, gravest first.
    ///   - stored: The account's breaks that are not resolved, and those resolved ones that were found again.
    /// - Throws: ``StorageError`` when a stored break cannot be read.
    func advance(_ findings: [Finding], stored: [StoredBreak]) throws -> Outcome {
        var outcome = Outcome()
        var known: [String: StoredBreak] = [:]
        for item in stored { known[item.id] = item }
        for finding in findings {
            if let before = known.removeValue(forKey: finding.id) {
                try see(finding, again: before, &outcome)
            } else {
                meet(finding, &outcome)
            }
        }
        for gone in stored where known[gone.id] != nil && gone.status != .resolved { end(gone, &outcome) }
        outcome.noticed.sort {
            let (left, right) = ($0.breakClass.severity, $1.breakClass.severity)
            return left == right ? $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) : left < right
        }
        return outcome
    }

    private func meet(_ finding: Finding, _ outcome: inout Outcome) {
        let found = finding.found
        var item = StoredBreak(
            id: finding.id, breakClass: found.breakClass, status: .pending, symbol: found.symbol,
            tradeID: found.tradeID,
            ticket: found.ticket, key: found.key, differences: finding.differences, firstSeenAt: asOf,
            lastSeenAt: asOf, timesSeen: 1, noticedAt: now, dueAt: now + grace.grace(for: found.breakClass),
            lastSnapshotID: snapshotID, eventsTotal: 0)
        let step = item.begin(origin)
        take(item, [step], &outcome)
        if item.status == .pending { outcome.pendingKeys.insert(found.key) }
    }

    private func see(_ finding: Finding, again before: StoredBreak, _ outcome: inout Outcome) throws {
        let found = finding.found
        var item = updated(before, with: finding)
        var steps = item.elapse(origin)
        // What a pending break turned into on its way is no step of its own.
        let classBefore = before.status == .pending ? found.breakClass : before.breakClass
        let change = ObjectChange(before, found)
        if let step = try item.reconsider(origin, classBefore: classBefore, object: change) { steps.append(step) }
        take(item, steps, &outcome)
        if item.status == .pending { outcome.pendingKeys.insert(found.key) }
        let wasLive = before.status == .open || before.status == .acknowledged
        if wasLive, !steps.contains(where: \.opens) { outcome.stillOpen += 1 }
    }

    private func end(_ gone: StoredBreak, _ outcome: inout Outcome) {
        var item = gone
        var steps = item.elapse(origin)
        guard item.status != .pending else {
            outcome.dropped.append(gone.id)
            return
        }
        // It ended while it could have been heard of, so whoever follows the log hears of both.
        note(item, steps, &outcome)
        steps.append(item.heal(origin))
        outcome.resolved += 1
        outcome.steps += steps
        outcome.changed.append(item)
    }

    private func take(_ item: StoredBreak, _ steps: [BreakStep], _ outcome: inout Outcome) {
        note(item, steps, &outcome)
        outcome.steps += steps
        outcome.changed.append(item)
    }

    private func note(_ item: StoredBreak, _ steps: [BreakStep], _ outcome: inout Outcome) {
        if steps.contains(where: \.opens) { outcome.opened.append(item) }
        if item.isNoticed(after: steps) { outcome.noticed.append(item) }
    }

    private func updated(_ before: StoredBreak, with finding: Finding) -> StoredBreak {
        let found = finding.found
        var item = before
        item.breakClass = found.breakClass
        item.symbol = found.symbol
        item.tradeID = found.tradeID
        item.ticket = found.ticket
        item.differences = finding.differences
        item.lastSeenAt = asOf
        if item.status == .pending { item.dueAt = item.noticedAt + grace.grace(for: found.breakClass) }
        if !item.lastSnapshotID.utf8.elementsEqual(snapshotID.utf8) { item.timesSeen += 1 }
        item.lastSnapshotID = snapshotID
        return item
    }
}

extension StoredBreak {
    /// Whether the log tells of these steps: the break is open now and was not, or could not be heard of, before.
    func isNoticed(after steps: [BreakStep]) -> Bool {
        status == .open && !isMuted && steps.contains { $0.opens || $0.name == .unsnoozed }
    }
}
