/// A position that is open after a snapshot, and the trade it is paired with.
public struct OpenPosition: Sendable, Equatable {
    public var ticket: Int64
    /// As the run before has left it; `nil` when it paired it with none, or has not seen it.
    public var matchedTradeID: String?

    public init(ticket: Int64, matchedTradeID: String?) {
        self.ticket = ticket
        self.matchedTradeID = matchedTradeID
    }
}
