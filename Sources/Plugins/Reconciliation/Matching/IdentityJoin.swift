/// Pairs trades and positions of a hedging account by keys, each row once: tickets, then references, then continued
/// tickets. What it leaves unpaired has no partner that any key names.
struct IdentityJoin {
    let book: BookColumns
    let broker: BrokerColumns
    /// A paired trade and position, by row.
    struct Link: Equatable {
        var trade: Int
        var position: Int
        var grade: MatchPair.Grade
    }

    private(set) var links: [Link] = []
    /// For each repeat of a trade, the row it repeats.
    private(set) var repeatOfTrade: [Int: Int] = [:]
    /// For each repeat of a position, the row it repeats.
    private(set) var repeatOfPosition: [Int: Int] = [:]
    private(set) var comparisons = 0
    private var tradeIsTaken: [Bool]
    private var positionIsTaken: [Bool]

    init(book: BookColumns, broker: BrokerColumns) {
        self.book = book
        self.broker = broker
        tradeIsTaken = Array(repeating: false, count: book.count)
        positionIsTaken = Array(repeating: false, count: broker.count)
        setRepeatsAside()
        joinByTicket()
        joinByReference()
        joinByBeginning()
        joinByTradesComment()
        joinByContinuation()
    }

    var unpairedTrades: [Int] { book.ids.indices.filter { !tradeIsTaken[$0] } }
    var unpairedPositions: [Int] { broker.tickets.indices.filter { !positionIsTaken[$0] } }

    private mutating func link(_ trade: Int, _ position: Int, _ grade: MatchPair.Grade) {
        tradeIsTaken[trade] = true
        positionIsTaken[position] = true
        links.append(Link(trade: trade, position: position, grade: grade))
    }

    private mutating func setRepeatsAside() {
        var firstByKey: [RepeatKey: Int] = [:]
        for row in book.ids.indices where book.tickets[row] != 0 || book.hasOwnReference[row] {
            let ticket = book.tickets[row]
            let key = RepeatKey(ticket: ticket, reference: ticket == 0 ? book.references[row] : [])
            guard let first = firstByKey[key] else {
                firstByKey[key] = row
                continue
            }
            comparisons += 1
            guard book.areEqual(first, row) else { continue }
            repeatOfTrade[row] = first
            tradeIsTaken[row] = true
        }
        for row in broker.tickets.indices {
            guard let first = broker.rowByTicket[broker.tickets[row]], first != row else { continue }
            repeatOfPosition[row] = first
            positionIsTaken[row] = true
        }
    }

    private mutating func joinByTicket() {
        for trade in book.ids.indices where book.tickets[trade] != 0 && !tradeIsTaken[trade] {
            guard let position = broker.rowByTicket[book.tickets[trade]] else { continue }
            comparisons += 1
            if !positionIsTaken[position] { link(trade, position, .ticket) }
        }
    }

    private mutating func joinByReference() {
        var rowsByReference: [[UInt8]: [Int]] = [:]
        // Last row first, so that the next free one is taken off the end.
        for trade in book.ids.indices.reversed() where !tradeIsTaken[trade] {
            rowsByReference[book.references[trade], default: []].append(trade)
        }
        guard !rowsByReference.isEmpty else { return }
        for position in broker.tickets.indices where !positionIsTaken[position] {
            for reference in OrderComment.references(in: broker.comments[position]) {
                comparisons += 1
                guard let trade = rowsByReference[reference]?.popLast() else { continue }
                link(trade, position, .reference)
                break
            }
        }
    }

    /// A cut comment pairs only when it begins exactly one reference, paired already or not.
    private mutating func joinByBeginning() {
        var sorted: SortedReferences?
        for position in broker.tickets.indices where !positionIsTaken[position] {
            let beginnings = OrderComment.beginnings(in: broker.comments[position])
            guard !beginnings.isEmpty else { continue }
            var references = sorted ?? SortedReferences(book.references)
            comparisons += beginnings.count
            let found = Set(beginnings.flatMap { references.groups(beginningWith: $0) })
            if let group = found.first, found.count == 1 {
                let trade = references.nextFree(in: group) { !tradeIsTaken[$0] }
                if let trade { link(trade, position, .reference) }
            }
            sorted = references
        }
    }

    private mutating func joinByTradesComment() {
        for trade in book.ids.indices where !tradeIsTaken[trade] && !book.comments[trade].isEmpty {
            for ticket in OrderComment.tickets(in: book.comments[trade]) {
                guard let position = broker.rowByTicket[ticket] else { continue }
                comparisons += 1
                guard !positionIsTaken[position] else { continue }
                link(trade, position, .reference)
                break
            }
        }
    }

    private mutating func joinByContinuation() {
        var rowByTicket: [Int64: Int] = [:]
        for trade in book.ids.indices where !tradeIsTaken[trade] && book.tickets[trade] != 0 {
            if rowByTicket[book.tickets[trade]] == nil { rowByTicket[book.tickets[trade]] = trade }
        }
        guard !rowByTicket.isEmpty else { return }
        for position in broker.tickets.indices where !positionIsTaken[position] {
            guard let continued = OrderComment.continuedTicket(in: broker.comments[position]),
                broker.rowByTicket[continued] == nil, let trade = rowByTicket[continued]
            else { continue }
            comparisons += 1
            if !tradeIsTaken[trade] { link(trade, position, .continuation) }
        }
    }
}

/// What makes two trades repeats of each other: the ticket, or without one the reference.
private struct RepeatKey: Hashable {
    var ticket: Int64
    var reference: [UInt8]
}
