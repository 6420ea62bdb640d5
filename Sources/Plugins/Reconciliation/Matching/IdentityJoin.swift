import TradingBook

/// Pairs trades and positions of a hedging account by keys, each row once: tickets, then references, then continued
/// tickets. What it leaves free has no partner that any key names.
struct IdentityJoin {
    let book: BookColumns
    let broker: BrokerColumns
    private let chain: TicketChain
    private(set) var pairing: Pairing
    /// Whether a key names the position, even if the trade behind it is another's partner: likeness is not asked then.
    private(set) var isNamed: [Bool]
    /// How many rows were held against each other, or looked up by a key.
    private(set) var comparisons = 0
    /// First trades whose ticket the snapshot does not have.
    private var goneTickets = TicketIndex()
    /// Tickets that the snapshot does not have and a trade's comment names; first trades of all, and of those left free.
    private var goneNames = TicketIndex()
    private var freeNames = TicketIndex()

    init(
        book: BookColumns,
        broker: BrokerColumns,
        closed: [ClosedTrade] = [],
        earlierTickets: [Int64: Int64] = [:]
    ) {
        self.book = book
        self.broker = broker
        chain = TicketChain(earlierTickets: earlierTickets)
        pairing = Pairing(trades: book.count, positions: broker.count)
        isNamed = Array(repeating: false, count: broker.count)
        setRepeatedPositionsAside()
        joinByTicket()
        guard pairing.freeTrades > 0, pairing.freePositions > 0 else {
            setRepeatedReferencesAside()
            return
        }
        var references = book.references
        setRepeatedReferencesAside(references)
        joinByReference(&references)
        if pairing.freePositions > 0 { joinByBeginning(&references) }
        if pairing.freePositions > 0 { joinByTradesComment() }
        if pairing.freePositions > 0 { joinByContinuation() }
        if !closed.isEmpty { noteNamed(byClosed: ClosedKeys(closed), &references) }
    }

    // MARK: Tickets

    private mutating func setRepeatedPositionsAside() {
        var first = 0
        for row in broker.rows.indices.dropFirst() {
            if broker.rows[row].ticket != broker.rows[first].ticket {
                first = row
            } else {
                comparisons += 1
                if broker.areEqual(first, row) { pairing.setAside(position: row) }
            }
        }
    }

    /// The first trade that claims a ticket has it. An equal one repeats it; another is left for the other keys.
    private mutating func joinByTicket() {
        for trade in book.rows.indices where book.rows[trade].ticket != 0 {
            comparisons += 1
            guard let position = broker.row(ofTicket: book.rows[trade].ticket) else {
                if let first = goneTickets.note(book.rows[trade].ticket, row: trade) { setAsideIfEqual(trade, first) }
                continue
            }
            if let first = pairing.partner(ofPosition: position)?.trade {
                setAsideIfEqual(trade, first)
            } else {
                pairing.pair(trade, position, .ticket)
            }
        }
    }

    private mutating func setAsideIfEqual(_ trade: Int, _ first: Int) {
        comparisons += 1
        if book.areEqual(first, trade) { pairing.setAside(trade: trade) }
    }

    // MARK: References

    /// Trades without a ticket repeat each other by a reference of their own.
    private mutating func setRepeatedReferencesAside(_ known: ReferenceIndex? = nil) {
        guard book.ownReferences > 0 else { return }
        comparisons += book.ownReferences
        (known ?? book.references).eachShared { shared in
            let rows = shared.filter { book.rows[$0].ticket == 0 && book.hasOwnReference($0) }
            for row in rows.dropFirst() { setAsideIfEqual(row, rows[0]) }
        }
    }

    private mutating func joinByReference(_ references: inout ReferenceIndex) {
        let named = namedReferences(references)
        for position in broker.rows.indices where named[position] >= 0 {
            isNamed[position] = true
            if let trade = references.firstFree(in: Int(named[position]), { pairing.isFree(trade: $0) }) {
                pairing.pair(trade, position, .reference)
            } else if let trade = anotherReference(of: position, &references) {
                pairing.pair(trade, position, .reference)
            }
        }
    }

    /// For each free position the reference that its comment names first; −1 for none.
    ///
    /// First all comments' likeliest readings are looked up together, then the next ones of those that name none yet.
    private mutating func namedReferences(_ references: ReferenceIndex) -> [Int32] {
        var readings = Array(repeating: references.noTexts, count: OrderComment.readingsMax)
        broker.eachComment { position, comment in
            guard pairing.isFree(position: position) else { return }
            var reading = 0
            OrderComment.findReference(in: comment) { text in
                guard references.mayHold(text) else { return false }
                readings[reading].add(text, row: position)
                reading += 1
                return false
            }
        }
        var named = Array(repeating: Int32(-1), count: broker.count)
        for texts in readings {
            references.lookUp(texts) { position, number in
                guard named[position] < 0 else { return }
                comparisons += 1
                if let number = number() { named[position] = Int32(number) }
            }
        }
        return named
    }

    /// When the first reference is taken, another reading of the comment may still be free.
    private mutating func anotherReference(of position: Int, _ references: inout ReferenceIndex) -> Int? {
        var partner: Int?
        broker.comment(position)?.withBytes { comment in
            OrderComment.findReference(in: comment) { text in
                comparisons += 1
                guard let number = references.number(of: text) else { return false }
                partner = references.firstFree(in: number) { pairing.isFree(trade: $0) }
                return partner != nil
            }
        }
        return partner
    }

    /// A cut comment pairs only when it begins exactly one reference, paired already or not.
    private mutating func joinByBeginning(_ references: inout ReferenceIndex) {
        for position in broker.rows.indices where pairing.isFree(position: position) && !isNamed[position] {
            let number = broker.comment(position)?.withBytes { comment in
                OrderComment.cutText(in: comment).flatMap { text in
                    comparisons += 1
                    return references.number(beginningWith: text)
                }
            }
            guard let number = number ?? nil else { continue }
            isNamed[position] = true
            if let trade = references.firstFree(in: number, { pairing.isFree(trade: $0) }) {
                pairing.pair(trade, position, .reference)
            }
        }
    }

    private mutating func joinByTradesComment() {
        for trade in book.rows.indices {
            guard let comment = book.comment(trade) else { continue }
            var partner: Int?
            var gone: [Int64] = []
            comment.withBytes { bytes in
                NamedTickets.each(in: bytes) { ticket in
                    comparisons += 1
                    guard let position = broker.row(ofTicket: ticket) else { return gone.append(ticket) }
                    isNamed[position] = true
                    if partner == nil, pairing.isFree(position: position) { partner = position }
                }
            }
            let isFree = pairing.isFree(trade: trade)
            if isFree, let partner { pairing.pair(trade, partner, .reference) }
            for ticket in gone {
                goneNames.note(ticket, row: trade)
                if isFree, partner == nil { freeNames.note(ticket, row: trade) }
            }
        }
    }

    // MARK: Continued tickets

    private mutating func joinByContinuation() {
        var freeByTicket: TicketIndex?
        for position in broker.rows.indices where pairing.isFree(position: position) {
            let continued = broker.comment(position)?.withBytes { OrderComment.continuedTicket(in: $0) }
            guard let last = continued ?? nil, let ticket = bookedTicket(from: last) else { continue }
            isNamed[position] = true
            let byTicket = freeByTicket ?? freeTradesByTicket()
            freeByTicket = byTicket
            let trades = [byTicket[ticket], freeNames[ticket]].compactMap { $0 }
            if let trade = trades.first(where: { pairing.isFree(trade: $0) }) {
                pairing.pair(trade, position, .continuation)
            }
        }
    }

    /// The ticket, or the nearest of those it continued, that is gone and that a trade names.
    private mutating func bookedTicket(from last: Int64) -> Int64? {
        var lookups = 0
        defer { comparisons += lookups }
        return chain.nearest(from: last, goneFrom: broker) { ticket in
            lookups += 1
            return goneTickets[ticket] != nil || goneNames[ticket] != nil
        }
    }

    private func freeTradesByTicket() -> TicketIndex {
        var index = TicketIndex()
        for trade in book.rows.indices where book.rows[trade].ticket != 0 && pairing.isFree(trade: trade) {
            index.note(book.rows[trade].ticket, row: trade)
        }
        return index
    }

    // MARK: Closed trades

    /// A closed trade pairs with nothing, but what it names is not keyless.
    private mutating func noteNamed(byClosed keys: ClosedKeys, _ references: inout ReferenceIndex) {
        var keys = keys
        for position in broker.rows.indices where pairing.isFree(position: position) && !isNamed[position] {
            comparisons += 1
            isNamed[position] = keys.names(position, of: broker, chain, besides: &references)
        }
    }
}
