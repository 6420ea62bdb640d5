public import PluginAPI

/// The next events of one account for one subscription, which a host alone may deliver until its lease ends.
public struct ClaimedEvents: Sendable {
    public let subscription: String
    public let account: String
    /// In order, and at least one.
    public let events: [Event]
    /// Another one for each claim.
    let token: String

    /// What became of a claim.
    public struct Outcome: Sendable {
        /// How many of the events, from the first on, were taken.
        public var taken: Int
        public var ending: Ending

        /// What became of the first event that was not taken.
        public enum Ending: Sendable, Equatable {
            /// It was not tried.
            case untried
            case failed(tryAgainAt: Timestamp, reason: String)
            case givenUp(reason: String)
        }

        public init(taken: Int, ending: Ending = .untried) {
            (self.taken, self.ending) = (taken, ending)
        }
    }
}
