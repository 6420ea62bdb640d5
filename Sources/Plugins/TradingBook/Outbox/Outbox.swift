public import PluginAPI
import Synchronization

/// Events that are stored and not delivered yet: one row for each event and subscription, written in the very transaction in
/// which the event happens, so that there is neither an event of something that was rolled back nor one that is missing.
///
/// The database numbers the rows. A number is drawn with the account's row locked, which the transaction holds until it is
/// committed: of one account a higher number is never visible before a lower one, whatever other accounts do meanwhile.
/// So each account's rows are a queue of its own, and nobody remembers a highest number.
///
/// ```
///   born due ──► first of its account? ──► claimed (due again when the lease ends) ──► taken: deleted, the next one is due
///      ▲              │ no                        │ failed: due after a pause      └──► given up: a dead letter
///      │              ▼
///      └── when it  parked (not due)
///          is first
/// ```
///
/// Nothing is written while nobody observes.
public final class Outbox: Sendable {
    /// Who observes what. A subscription is named `module/name` here.
    private struct Observed: Sendable {
        var names: [Event.Kind: [String]] = [:]
        var kinds: Set<Event.Kind> = []
    }

    private let observed = Mutex(Observed())

    /// Where the outbox is.
    public let storage: any StorageBackend

    init(storage: any StorageBackend) {
        self.storage = storage
    }

    /// Who observes from now on, in place of those before.
    public func connect(_ subscriptions: [(module: ModuleDescriptor.ModuleID, subscription: EventSubscription)]) {
        var observed = Observed()
        for (module, subscription) in subscriptions {
            for kind in subscription.kinds {
                observed.kinds.insert(kind)
                observed.names[kind, default: []].append(Self.name(of: subscription, in: module))
            }
        }
        self.observed.withLock { [observed] in $0 = observed }
    }

    /// What a module's subscription is called in the outbox.
    public static func name(of subscription: EventSubscription, in module: ModuleDescriptor.ModuleID) -> String {
        "\(module)/\(subscription.name)"
    }

    /// For the events of one transaction.
    public var drafts: EventDrafts { EventDrafts(wanted: observed.withLock(\.kinds)) }

    /// Writes events, in their order, by one statement; none where there are none.
    ///
    /// - Precondition: The transaction holds the row of every account concerned.
    public func append(_ drafts: EventDrafts, in transaction: any Transaction) throws(StorageError) {
        guard !drafts.all.isEmpty else { return }
        let names = observed.withLock(\.names)
        var rows: [[Value]] = []
        for draft in drafts.all {
            for name in names[draft.kind] ?? [] {
                rows.append([
                    .text(name), .text(draft.account), .text(draft.id), .text(draft.kind.rawValue),
                    .timestamp(draft.at), .json(draft.data), .timestamp(draft.at),
                ])
            }
        }
        guard !rows.isEmpty else { return }
        try transaction.executeMany(Self.insert, rows)
    }

    private static let insert = """
        INSERT INTO event_outbox (subscription, account_id, event_id, kind, at, data, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)
        """
}
