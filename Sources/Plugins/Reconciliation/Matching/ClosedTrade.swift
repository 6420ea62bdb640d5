public import TradingBook

/// The keys of a trade that is no longer open. It pairs with nothing, but a position that it names has a key, so that
/// likeness leaves it alone: it is at the broker and not in the book.
public struct ClosedTrade: Sendable, Equatable {
    public var ticket: Int64?
    /// What a position's comment must hold: the trade's own reference, or its ID. Not asked for when another key was found.
    public var reference: String?
    public var comment: String?

    public init(ticket: Int64? = nil, reference: String? = nil, comment: String? = nil) {
        self.ticket = ticket
        self.reference = reference
        self.comment = comment
    }

    public init(_ trade: Trade) {
        self.init(ticket: trade.ticket, reference: trade.effectiveReference, comment: trade.comment)
    }
}

/// Tells which positions closed trades name, by the rules by which open ones do.
struct ClosedKeys {
    /// Recorded, or named in a comment: either way the trade's.
    private var tickets = TicketIndex()
    private var references: ReferenceIndex

    init(_ trades: [ClosedTrade]) {
        references = ReferenceIndex(trades.compactMap(\.reference))
        for (row, trade) in trades.enumerated() {
            if let ticket = trade.ticket { tickets.note(ticket, row: row) }
            trade.comment?.withBytes { NamedTickets.each(in: $0) { tickets.note($0, row: row) } }
        }
    }

    /// - Parameter open: References of the open trades; a cut comment that begins one of these as well names no trade.
    mutating func names(
        _ position: Int,
        of broker: BrokerColumns,
        _ chain: TicketChain,
        besides open: inout ReferenceIndex
    ) -> Bool {
        if tickets[broker.rows[position].ticket] != nil { return true }
        return broker.comment(position)?.withBytes { comment in
            var isNamed = false
            OrderComment.findReference(in: comment) {
                isNamed = references.number(of: $0) != nil
                return isNamed
            }
            if isNamed { return true }
            if let last = OrderComment.continuedTicket(in: comment),
                chain.nearest(from: last, goneFrom: broker, { tickets[$0] != nil }) != nil
            {
                return true
            }
            guard let cut = OrderComment.cutText(in: comment), !open.hasReference(beginningWith: cut) else {
                return false
            }
            return references.number(beginningWith: cut) != nil
        } ?? false
    }
}
