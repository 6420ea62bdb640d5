/// Follows a position from one partial close to the one before.
struct TicketChain {
    /// How many partial closes, one after the other, are followed.
    static let linksMax = 64

    /// Of tickets that the snapshot does not list: the ticket that each continued.
    let earlierTickets: [Int64: Int64]

    /// The first ticket that `isNamed` says yes to: the given one, or the nearest of those that it continued. None once a
    /// ticket is still in the snapshot.
    func nearest(from last: Int64, goneFrom broker: BrokerColumns, _ isNamed: (Int64) -> Bool) -> Int64? {
        var ticket = last
        for _ in 1...Self.linksMax {
            guard broker.row(ofTicket: ticket) == nil else { return nil }
            if isNamed(ticket) { return ticket }
            guard let earlier = earlierTickets[ticket] else { return nil }
            ticket = earlier
        }
        return nil
    }
}
