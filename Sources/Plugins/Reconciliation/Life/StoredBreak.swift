import PluginAPI

/// Where a break stands.
enum BreakStatus: String, Sendable, CaseIterable {
    /// Seen, and within its grace.
    case pending
    case open
    /// Somebody has taken note of it.
    case acknowledged
    case resolved
}

/// What ended a break.
enum BreakResolution: String, Sendable {
    /// A run no longer found it.
    case auto
    /// Somebody says that it has been put right; found again, it is reopened.
    case fixed
    /// Somebody says that it may stay.
    case accepted
}

/// A break as it is kept between runs.
struct StoredBreak: Sendable, Equatable {
    var id: String
    var breakClass: BreakClass
    var status: BreakStatus
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
    var lastSnapshotID: String
    var eventsTotal: Int64
}

extension FoundBreak {
    /// The break's differences as the API shows them.
    var differencesJSON: String {
        var json = JSONWriter()
        json.array(of: differences) { json, difference in
            json.object {
                $0.field("field", difference.field?.rawValue)
                $0.field("class", difference.breakClass.rawValue)
                $0.cell("ours", difference.ours)
                $0.cell("broker", difference.broker)
                $0.cell("delta", difference.delta)
            }
        }
        return json.text
    }
}

extension JSONWriter {
    mutating func cell(_ name: String, _ cell: Difference.Cell?) {
        key(name)
        if let cell { raw(cell.json.utf8) } else { null() }
    }
}
