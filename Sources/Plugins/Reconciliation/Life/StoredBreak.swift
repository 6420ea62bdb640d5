import PluginAPI

/// A break as it is kept between runs.
struct StoredBreak: Sendable, Equatable {
    var id: String
    var breakClass: BreakClass
    var status: BreakStatus
    /// What ended it; `nil` unless it is resolved.
    var resolution: BreakResolution?
    var symbol: String
    var tradeID: String?
    var ticket: Int64?
    var key: String
    /// A JSON array, as ``FoundBreak/differencesJSON`` writes it.
    var differences: String
    /// `as_of` of the first snapshot that showed it, and of the last.
    var firstSeenAt: Timestamp
    var lastSeenAt: Timestamp
    /// Distinct complete snapshots that showed it.
    var timesSeen: Int64
    /// The host's time when it was first seen: its grace runs from here.
    var noticedAt: Timestamp
    var dueAt: Timestamp
    var openedAt: Timestamp?
    var resolvedAt: Timestamp?
    /// When the acknowledgement ends; `nil` unless it is acknowledged.
    var acknowledgedUntil: Timestamp?
    /// When notices begin again; `nil` unless it is muted.
    var snoozedUntil: Timestamp?
    /// What was acknowledged or accepted: the break is measured against it for as long as that holds.
    var baseline: Baseline?
    var lastSnapshotID: String
    /// Steps of its life so far; they are numbered from 1.
    var eventsTotal: Int64

    /// A break's class and differences at the moment when somebody took note of them.
    struct Baseline: Sendable, Equatable {
        var breakClass: BreakClass
        /// As ``StoredBreak/differences``.
        var differences: String
    }

    /// When time alone changes something about it next; `nil` when it never does.
    var wakeAt: Timestamp? {
        switch status {
        case .pending: dueAt
        case .open: snoozedUntil
        case .acknowledged: [acknowledgedUntil, snoozedUntil].compactMap(\.self).min()
        case .resolved: nil
        }
    }

    /// Whether it is the same as `other` but for when, how often and in which snapshot it was seen.
    func differsOnlyInSighting(from other: StoredBreak) -> Bool {
        var sighted = other
        sighted.lastSeenAt = lastSeenAt
        sighted.timesSeen = timesSeen
        sighted.lastSnapshotID = lastSnapshotID
        return sighted == self && differences.hasSameBytes(as: other.differences)
    }

    /// Whether a step to `open` is told in the log.
    var isMuted: Bool { snoozedUntil != nil }
}
