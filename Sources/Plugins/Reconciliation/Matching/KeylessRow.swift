import TradingBook

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

extension KeylessRow {
    /// - Parameter row: Where it stands in its side's rows.
    init(_ row: Int, _ content: ComparedRow) {
        self.init(
            row: row, instrument: content.instrument, isBuy: content.isBuy, volume: content.volume,
            price: content.price, time: content.time, magic: content.magic, target: content.target, stop: content.stop)
    }
}

extension ComparedRow {
    func agreesInMagic(with other: ComparedRow) -> Bool {
        guard let magic, let theirs = other.magic else { return true }
        return magic == theirs
    }
}

/// What rows that can be alike have in common.
struct LaneKey: Hashable {
    var instrument: Int32
    var isBuy: Bool
    var volume: Int64

    init(_ row: ComparedRow) { (instrument, isBuy, volume) = (row.instrument, row.isBuy, row.volume) }
    init(_ row: KeylessRow) { (instrument, isBuy, volume) = (row.instrument, row.isBuy, row.volume) }
}

/// What rows that are equal to the second have in common.
struct ExactKey: Hashable {
    var lane: LaneKey
    var price: Int64
    var second: Int64

    init(_ row: ComparedRow) {
        (lane, price, second) = (LaneKey(row), row.price, ExactKey.second(of: row.time))
    }

    init(_ row: KeylessRow) {
        (lane, price, second) = (LaneKey(row), row.price, ExactKey.second(of: row.time))
    }

    /// The whole second that a moment lies in, also before 1970.
    private static func second(of time: Int64) -> Int64 {
        time >= 0 ? time / 1_000_000 : (time - 999_999) / 1_000_000
    }
}

extension KeyedHash {
    /// Of 32 bits, so that rows are put in its order in half as many passes.
    static func hash(_ key: LaneKey) -> UInt64 {
        hash(key.volume, Int64(key.instrument) << 1 | (key.isBuy ? 1 : 0)) & 0xFFFF_FFFF
    }

    static func hash(_ key: ExactKey) -> UInt64 {
        hash(Int64(bitPattern: hash(key.lane)) ^ key.second << 32, key.price) & 0xFFFF_FFFF
    }
}
