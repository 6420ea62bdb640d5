import PluginAPI
import TradingBook

/// Carries an account's breaks from one run to the next.
///
/// ```
///  seen, inside grace ──► pending ──due──► open ◄── seen again ── resolved
///                            │               │                        ▲
///               not found: dropped           └── no longer found ─────┘
/// ```
///
/// An acknowledged break stays so while it is found and resolves like an open one; one resolved as accepted stays
/// resolved and only goes on counting. Times and IDs are given; nothing here reads a clock.
struct BreakLife {
    let account: String
    let runID: String
    let snapshotID: String
    let asOf: Timestamp
    let now: Timestamp
    let grace: GracePolicy

    /// One step in a break's life.
    struct Event: Sendable, Equatable {
        var breakID: String
        /// Counts the break's events from 1.
        var sequence: Int64
        var name: String
        var from: BreakStatus?
        var to: BreakStatus
    }

    /// What a run changes.
    struct Outcome: Sendable, Equatable {
        /// Every break the run touched, as it now stands.
        var changed: [StoredBreak] = []
        /// Pending ones that were never opened and are gone.
        var dropped: [String] = []
        var events: [Event] = []
        /// Opened or reopened, gravest first.
        var opened: [StoredBreak] = []
        var stillOpen = 0
        var resolved = 0
        /// Keys of the found breaks that are pending after the run.
        var pendingKeys: Set<String> = []
        var acknowledged = 0
    }

    static func id(account: String, key: String) -> String { DerivedID.make("brk", account, key) }

    /// - Parameters:
    ///   - found: What the comparison found, gravest first.
    ///   - stored: The account's breaks that are not resolved, and those resolved ones that were found again.
    func advance(_ found: [FoundBreak], stored: [StoredBreak]) -> Outcome {
        var outcome = Outcome()
        var known: [String: StoredBreak] = [:]
        for item in stored { known[item.id] = item }
        for item in found {
            let id = BreakLife.id(account: account, key: item.key)
            if let before = known.removeValue(forKey: id) {
                see(item, again: before, &outcome)
            } else {
                meet(item, id: id, &outcome)
            }
        }
        for gone in stored where known[gone.id] != nil && gone.status != .resolved { end(gone, &outcome) }
        return outcome
    }

    private func meet(_ found: FoundBreak, id: String, _ outcome: inout Outcome) {
        let due = now + grace.grace(for: found.breakClass)
        var item = StoredBreak(
            id: id, breakClass: found.breakClass, status: .pending, resolution: nil, symbol: found.symbol,
            tradeID: found.tradeID, ticket: found.ticket, key: found.key, differences: found.differencesJSON,
            firstSeenAt: asOf, lastSeenAt: asOf, timesSeen: 1, noticedAt: now, dueAt: due, openedAt: nil,
            resolvedAt: nil, lastSnapshotID: snapshotID, eventsTotal: 0)
        if due <= now {
            open(&item, "opened", from: nil, &outcome)
        } else {
            record("seen", &item, from: nil, &outcome)
            outcome.pendingKeys.insert(found.key)
        }
        outcome.changed.append(item)
    }

    private func see(_ found: FoundBreak, again before: StoredBreak, _ outcome: inout Outcome) {
        var item = updated(before, with: found)
        switch before.status {
        case .pending:
            item.dueAt = item.noticedAt + grace.grace(for: found.breakClass)
            if item.dueAt <= now {
                open(&item, "opened", from: .pending, &outcome)
            } else {
                outcome.pendingKeys.insert(found.key)
            }
        case .open, .acknowledged:
            outcome.stillOpen += 1
            if before.status == .acknowledged { outcome.acknowledged += 1 }
            if before.breakClass != found.breakClass { record("changed", &item, from: before.status, &outcome) }
        case .resolved where before.resolution == .accepted:
            break
        case .resolved:
            item.resolution = nil
            item.resolvedAt = nil
            open(&item, "reopened", from: .resolved, &outcome)
        }
        outcome.changed.append(item)
    }

    private func end(_ gone: StoredBreak, _ outcome: inout Outcome) {
        guard gone.status != .pending else {
            outcome.dropped.append(gone.id)
            return
        }
        var item = gone
        item.status = .resolved
        item.resolution = .auto
        item.resolvedAt = now
        record("resolved", &item, from: gone.status, &outcome)
        outcome.resolved += 1
        outcome.changed.append(item)
    }

    private func updated(_ before: StoredBreak, with found: FoundBreak) -> StoredBreak {
        var item = before
        item.breakClass = found.breakClass
        item.symbol = found.symbol
        item.tradeID = found.tradeID
        item.ticket = found.ticket
        item.differences = found.differencesJSON
        item.lastSeenAt = asOf
        if !item.lastSnapshotID.utf8.elementsEqual(snapshotID.utf8) { item.timesSeen += 1 }
        item.lastSnapshotID = snapshotID
        return item
    }

    private func open(_ item: inout StoredBreak, _ name: String, from: BreakStatus?, _ outcome: inout Outcome) {
        item.status = .open
        item.openedAt = now
        record(name, &item, from: from, &outcome)
        outcome.opened.append(item)
    }

    private func record(_ name: String, _ item: inout StoredBreak, from: BreakStatus?, _ outcome: inout Outcome) {
        item.eventsTotal += 1
        outcome.events.append(
            Event(breakID: item.id, sequence: item.eventsTotal, name: name, from: from, to: item.status))
    }
}
