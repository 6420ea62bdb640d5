/// One row of either side as the comparison sees it, in one line of the processor's cache; quantities in units of 10⁻⁸.
struct ComparedRow: Equatable {
    /// 0 when a trade records none.
    var ticket: Int64
    /// The sum of a trade's fills when it lists any.
    var volume: Int64
    var price: Int64
    /// Microseconds.
    var time: Int64
    /// 0 when not set, like the next.
    var target: Int64
    var stop: Int64
    private var magicNumber: Int64
    /// Where the row stands among those that came in.
    var index: Int32
    /// The instrument's number above two bits: whether it is a purchase, and whether there is a magic number.
    private var packed: UInt32

    init(
        index: Int,
        ticket: Int64,
        instrument: Int32,
        isBuy: Bool,
        volume: Int64,
        price: Int64,
        time: Int64,
        target: Int64,
        stop: Int64,
        magic: Int64?
    ) {
        self.ticket = ticket
        self.volume = volume
        self.price = price
        self.time = time
        self.target = target
        self.stop = stop
        self.index = Int32(index)
        magicNumber = magic ?? 0
        packed = UInt32(instrument) << 2 | (isBuy ? 2 : 0) | (magic == nil ? 0 : 1)
    }

    /// Stands where a row will.
    static let none = ComparedRow(
        index: 0, ticket: 0, instrument: 0, isBuy: false, volume: 0, price: 0, time: 0, target: 0, stop: 0, magic: nil)

    var instrument: Int32 {
        get { Int32(packed >> 2) }
        set { packed = UInt32(newValue) << 2 | packed & 3 }
    }
    var isBuy: Bool { packed & 2 != 0 }
    var magic: Int64? { packed & 1 == 0 ? nil : magicNumber }

    /// Whether both are of one lane, of instrument, side and volume: only such rows can be alike.
    func sharesLane(with other: ComparedRow) -> Bool {
        packed >> 1 == other.packed >> 1 && volume == other.volume
    }

    /// Whether two rows say the same about everything that is judged.
    func isJudgedEqual(to other: ComparedRow) -> Bool {
        sharesLane(with: other) && price == other.price && stop == other.stop && target == other.target
    }
}

/// Puts rows in the given order while they are read in the one in which they came, which is how they lie in memory.
///
/// - Parameters:
///   - order: For each row, where it stands among those that came in.
///   - make: Makes the row that came in there. Of several that fail, the first in order is the failure.
func comparedRows(
    in order: [Int32],
    _ make: (Int) throws(MatchFailure) -> ComparedRow
) throws(MatchFailure) -> [ComparedRow] {
    var places = order
    for (row, index) in order.enumerated() { places[Int(index)] = Int32(row) }
    var rows = Array(repeating: ComparedRow.none, count: order.count)
    do throws(MatchFailure) {
        for index in places.indices { rows[Int(places[index])] = try make(index) }
    } catch {
        for index in order { _ = try make(Int(index)) }
        throw error
    }
    return rows
}

/// For each row that came in, in which place it stands.
func placesOfRows(_ rows: [ComparedRow]) -> [Int32] {
    var places = Array(repeating: Int32(0), count: rows.count)
    for row in rows.indices { places[Int(rows[row].index)] = Int32(row) }
    return places
}
