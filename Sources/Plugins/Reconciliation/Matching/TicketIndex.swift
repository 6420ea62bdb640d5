import TradingBook

/// Finds the first row of a ticket.
///
/// Open addressing, two words a slot, by ``KeyedHash``.
struct TicketIndex {
    private struct Slot {
        /// 0 is free: a ticket is at least 1.
        var ticket: Int64
        var row: Int32
    }

    private var slots: [Slot]
    private var count = 0

    /// - Parameter capacity: How many tickets are expected.
    init(capacity: Int = 0) {
        slots = Array(repeating: Slot(ticket: 0, row: 0), count: slotCount(for: capacity))
    }

    subscript(ticket: Int64) -> Int? {
        let slot = slots[place(of: ticket)]
        return slot.ticket == 0 ? nil : Int(slot.row)
    }

    /// Notes the row unless the ticket has one.
    /// - Returns: The ticket's row before, if it had one.
    @discardableResult
    mutating func note(_ ticket: Int64, row: Int) -> Int? {
        let place = place(of: ticket)
        guard slots[place].ticket == 0 else { return Int(slots[place].row) }
        slots[place] = Slot(ticket: ticket, row: Int32(row))
        count += 1
        if 4 * count > 3 * slots.count { grow() }
        return nil
    }

    private func place(of ticket: Int64) -> Int {
        var place = Int(truncatingIfNeeded: KeyedHash.hash(ticket)) & (slots.count - 1)
        while slots[place].ticket != 0, slots[place].ticket != ticket { place = (place + 1) & (slots.count - 1) }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(ticket: 0, row: 0), count: 2 * old.count)
        for slot in old where slot.ticket != 0 { slots[place(of: slot.ticket)] = slot }
    }
}
