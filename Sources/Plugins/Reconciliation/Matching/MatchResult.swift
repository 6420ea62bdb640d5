/// What a comparison found: every row of both sides is in exactly one place.
public struct MatchResult: Sendable, Equatable {
    /// Sorted by first ticket.
    public var pairs: [MatchPair]
    /// By severity, then key.
    public var breaks: [FoundBreak]
    public var ours: SideCounts
    public var broker: SideCounts
    /// How many row comparisons it took; grows with the rows, not with their product.
    public var comparisons: Int
}

/// Rows of ours and of the broker's that are the same thing.
public struct MatchPair: Sendable, Equatable {
    /// Never empty, like the tickets: one in a hedging account, all of an instrument's in a netting one.
    public var tradeIDs: [String] { [firstTradeID] + otherTradeIDs }
    public var tickets: [Int64] { [firstTicket] + otherTickets }
    public var grade: Grade
    /// Canonical symbol at the broker.
    public var symbol: String
    /// The first row stands by itself, because most pairs have no other, and two lists for each would be two allocations.
    private var firstTradeID: String
    private var firstTicket: Int64
    private var otherTradeIDs: [String]
    private var otherTickets: [Int64]

    init(
        tradeID: String,
        ticket: Int64,
        otherTradeIDs: [String] = [],
        otherTickets: [Int64] = [],
        grade: Grade,
        symbol: String
    ) {
        self.grade = grade
        self.symbol = symbol
        firstTradeID = tradeID
        firstTicket = ticket
        self.otherTradeIDs = otherTradeIDs
        self.otherTickets = otherTickets
    }

    /// What the pair rests on, best first.
    public enum Grade: String, Sendable, CaseIterable {
        /// The trade names the position's ticket.
        case ticket
        /// The position's comment names the trade, or the trade's comment the position.
        case reference
        /// The position continues a ticket the trade names.
        case continuation
        /// Keyless rows equal to the second.
        case exact
        /// Keyless rows that are alike.
        case tolerance
        /// Sums of an instrument.
        case net
    }
}

/// How the rows of one side were used. `rows` is always the sum of the others.
public struct SideCounts: Sendable, Equatable {
    public var rows = 0
    public var matched = 0
    public var unmatched = 0
    /// Unmatched, and the difference is within its grace.
    public var pending = 0
    public var duplicate = 0

    public var isConserved: Bool { rows == matched + unmatched + pending + duplicate }

    public init(rows: Int = 0, matched: Int = 0, unmatched: Int = 0, pending: Int = 0, duplicate: Int = 0) {
        self.rows = rows
        self.matched = matched
        self.unmatched = unmatched
        self.pending = pending
        self.duplicate = duplicate
    }
}
