public import PluginAPI

/// An event as whoever causes it writes it down, inside the transaction in which it happens.
public struct EventDraft: Sendable, Equatable {
    public let id: String
    public let kind: Event.Kind
    public let account: String
    /// The host's clock.
    public let at: Timestamp
    /// A JSON object.
    public let data: String
}

/// The events of one transaction, in the order in which they happen; those nobody observes are left out.
public struct EventDrafts: Sendable {
    private let wanted: Set<Event.Kind>
    public private(set) var all: [EventDraft] = []

    /// - Parameter wanted: What somebody observes.
    public init(wanted: Set<Event.Kind> = []) {
        self.wanted = wanted
    }

    /// Adds an event, if anybody wants it.
    ///
    /// - Parameters:
    ///   - parts: What makes it known among the events of its kind and account: its ID is derived from them.
    ///   - data: Writes the members of its data.
    public mutating func add(
        _ kind: Event.Kind,
        of account: String,
        _ parts: @autoclosure () -> [String],
        at time: Timestamp,
        _ data: (inout JSONWriter) -> Void
    ) {
        guard wanted.contains(kind) else { return }
        var json = JSONWriter()
        json.object { data(&$0) }
        let named = parts().map { "\($0.utf8.count):\($0)" }.joined()
        all.append(
            EventDraft(
                id: DerivedID.make("event", account, kind.rawValue, named), kind: kind, account: account, at: time,
                data: json.text))
    }
}
