import PluginAPI
import TradingBook

/// One step in a break's life: what happened to it, when, and whose doing it was.
struct BreakStep: Sendable, Equatable {
    var breakID: String
    /// Counts the break's steps from 1.
    var sequence: Int64
    var name: Name
    /// `nil` for the first step.
    var from: BreakStatus?
    var to: BreakStatus
    /// Of a step to `resolved`.
    var resolution: BreakResolution?
    /// How long an acknowledgement or a snooze is to last.
    var until: Timestamp?
    var origin: Origin

    /// What the step is called in the break's history.
    enum Name: String, Sendable {
        /// Found for the first time, and within its grace.
        case seen
        case opened
        /// Found again with another class while it was open.
        case changed
        case acknowledged
        case snoozed
        /// The snooze has ended.
        case unsnoozed
        case resolved
        case reopened
    }

    /// Where a step comes from.
    struct Origin: Sendable, Equatable {
        /// The host's clock.
        var at: Timestamp
        var actor: String
        var note: String?
        /// The run that made the step.
        var runID: String?

        /// Who acts where nobody does.
        static let system = "system"

        static func run(_ id: String, at time: Timestamp) -> Origin {
            Origin(at: time, actor: system, runID: id)
        }

        static func time(_ time: Timestamp) -> Origin { Origin(at: time, actor: system) }

        static func hand(_ actor: String, note: String?, at time: Timestamp) -> Origin {
            Origin(at: time, actor: actor, note: note)
        }

        func noting(_ note: String) -> Origin {
            var origin = self
            origin.note = note
            return origin
        }
    }

    /// Whether the break was not open before and is now.
    var opens: Bool { to == .open && from != .open }

    static func id(account: String, breakID: String, sequence: Int64) -> String {
        DerivedID.make("evt", account, breakID, String(sequence))
    }
}

/// Why a break cannot take the step that somebody asked for.
enum BreakRefusal: Error, Equatable {
    /// It has not opened yet, and opens by itself unless it heals before.
    case pending(dueAt: Timestamp)
    case resolved
    case open

    /// What to tell whoever asked, behind the break's name.
    var detail: String {
        switch self {
        case .pending(let due): "is pending: it opens at \(due) unless it heals before"
        case .resolved: "is resolved; reopen it first"
        case .open: "is open already"
        }
    }
}
