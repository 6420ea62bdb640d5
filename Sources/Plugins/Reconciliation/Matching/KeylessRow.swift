/// A row of either side that no key names, with all that likeness looks at.
struct KeylessRow: Equatable {
    /// In its side's columns.
    var row: Int
    var instrument: Int32
    var isBuy: Bool
    var volume: Int64
    var price: Int64
    /// Microseconds.
    var time: Int64
    var magic: Int64?
    var target: Int64
    var stop: Int64

    /// Whether the two may stand together as far as magic numbers tell: it never pairs, but it parts.
    func agreesInMagic(with other: KeylessRow) -> Bool {
        guard let magic, let theirs = other.magic else { return true }
        return magic == theirs
    }

    /// Whether both are of one lane: only such rows can be partners.
    func sharesLane(with other: KeylessRow) -> Bool {
        instrument == other.instrument && isBuy == other.isBuy && volume == other.volume
    }

    /// By lane, then time.
    func precedes(_ other: KeylessRow) -> Bool {
        if instrument != other.instrument { return instrument < other.instrument }
        if isBuy != other.isBuy { return isBuy }
        if volume != other.volume { return volume < other.volume }
        if time != other.time { return time < other.time }
        return row < other.row
    }
}

extension BookColumns {
    /// - Parameter row: One without a ticket.
    func keylessRow(_ row: Int) -> KeylessRow {
        KeylessRow(
            row: row, instrument: instruments[row], isBuy: isBuy[row], volume: volumes[row], price: prices[row],
            time: times[row], magic: magic(row), target: targets[row], stop: stops[row])
    }
}

extension BrokerColumns {
    /// - Parameter row: One that no trade names.
    func keylessRow(_ row: Int) -> KeylessRow {
        KeylessRow(
            row: row, instrument: instruments[row], isBuy: isBuy[row], volume: volumes[row], price: prices[row],
            time: times[row], magic: magic(row), target: targets[row], stop: stops[row])
    }
}
