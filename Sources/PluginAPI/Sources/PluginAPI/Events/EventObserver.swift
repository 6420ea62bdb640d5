/// A module that is told of events after they are stored, each at least once.
///
/// The events of one account come to a subscription one after the other, in the order in which they happened, from one host
/// at a time. One that cannot be delivered is tried again and keeps the later events of its account waiting, those of other
/// accounts and of other subscriptions not. What was under way when a host died comes again, with the same ID.
///
/// Events are written only while somebody observes them: a module hears nothing of the time before it was configured.
public protocol EventObserver: Module {
    /// What it wants to hear of. The same from `init` on, and on every host of a storage.
    var subscriptions: [EventSubscription] { get }

    /// Takes one event of a subscription. Returning says that it need not come again.
    ///
    /// Throw ``EventNotTaken`` to say when to try again, or that there is no use in it; any other error is tried again.
    func observe(_ event: Event, for subscription: String) async throws
}

/// Events of some kinds that an observer gets as one stream, and how long they are tried.
public struct EventSubscription: Sendable, Equatable {
    /// `[a-z][a-z0-9_-]*`, unique in its module and the same for ever: stored events wait under it.
    public var name: String
    /// The kinds it wants to hear of.
    public var kinds: Set<Event.Kind>
    /// How long one call of ``EventObserver/observe(_:for:)`` may take.
    public var timeout: Duration
    /// Deliveries of one event before it becomes a dead letter.
    public var attemptsMax: Int64
    /// The pause behind the first failure; each further one is twice as long.
    public var firstPause: Duration
    /// The longest pause.
    public var pauseMax: Duration

    /// A subscription; see its members.
    public init(
        name: String,
        kinds: Set<Event.Kind>,
        timeout: Duration = .seconds(10),
        attemptsMax: Int64 = 16,
        firstPause: Duration = .seconds(1),
        pauseMax: Duration = .seconds(900)
    ) {
        self.name = name
        self.kinds = kinds
        self.timeout = timeout
        self.attemptsMax = attemptsMax
        self.firstPause = firstPause
        self.pauseMax = pauseMax
    }
}

/// Why an observer has not taken an event. The reason is kept and shown to operators: no secrets in it.
public enum EventNotTaken: Error, Equatable, Sendable {
    /// Try again, and no sooner than `after`, when that is known.
    case tryAgain(after: Duration?, reason: String)
    /// It will never be taken: it becomes a dead letter at once.
    case refused(reason: String)
}
