import TradingBook

/// The book's references, each once with its rows, so that a position's comment finds them.
///
/// A look-up costs one hash whatever shares a reference, and each row is passed over at most once. A reference's number is
/// one of its rows.
struct ReferenceIndex {
    /// One for each row.
    private let texts: TextParts
    /// For each part, by hash: the first entry of a reference, plus one; 0 is free.
    private var slots: [[Int32]]
    /// By number, the first row of the reference that may still be free; −1 for what is no number.
    private var upcoming: [Int32]
    /// For each row, the next one with the same reference; −1 for none.
    private var next: [Int32]
    private var beginnings: Beginnings?
    /// Whether a reference itself begins with what may stand before one.
    private var hasPrefixed = false
    /// How many different references there are.
    private(set) var count = 0

    /// - Parameter texts: One for each row, rows from 0 on, in any order.
    init(_ texts: TextParts) {
        self.texts = texts
        let rows = texts.parts.reduce(0) { $0 + $1.entries.count }
        slots = texts.parts.map { Array(repeating: 0, count: slotCount(for: $0.entries.count)) }
        upcoming = Array(repeating: -1, count: rows)
        next = Array(repeating: -1, count: rows)
        for part in slots.indices { number(part) }
        // Last row first, so that each list begins with its first row.
        for row in next.indices.reversed() {
            let number = Int(next[row])
            next[row] = upcoming[number]
            upcoming[number] = Int32(row)
        }
    }

    init(_ texts: [String]) {
        var parts = TextParts(rows: texts.count)
        for (row, text) in texts.enumerated() { text.withBytes { parts.add($0, row: row) } }
        self.init(parts)
    }

    /// Notes in ``next`` the number of each row of a part.
    private mutating func number(_ number: Int) {
        let part = texts.parts[number]
        for (index, entry) in part.entries.enumerated() {
            let place = part.withText(index) { text in
                if OrderComment.isPrefixed(text) { hasPrefixed = true }
                return self.place(of: text, hash: entry.hash, inPart: number)
            }
            if slots[number][place] == 0 {
                slots[number][place] = Int32(index + 1)
                count += 1
            }
            next[Int(entry.row)] = part.entries[Int(slots[number][place]) - 1].row
        }
    }

    /// Whether a text is worth a look-up. In most books no reference begins with `trade:` itself, and no comment that
    /// does is one.
    func mayHold(_ text: Bytes) -> Bool { hasPrefixed || !OrderComment.isPrefixed(text) }

    func number(of reference: Bytes) -> Int? {
        let hash = KeyedHash.hash(reference)
        return self.number(of: reference, hash: UInt32(truncatingIfNeeded: hash), inPart: texts.part(of: hash))
    }

    /// Tells the row of each text and how to find its number, part by part.
    ///
    /// - Parameter others: In as many parts as ``noTexts``.
    func lookUp(_ others: TextParts, _ body: (Int, () -> Int?) -> Void) {
        for (number, part) in others.parts.enumerated() {
            for (index, entry) in part.entries.enumerated() {
                body(Int(entry.row)) {
                    part.withText(index) { self.number(of: $0, hash: entry.hash, inPart: number) }
                }
            }
        }
    }

    /// Where texts are gathered that are to be looked up together.
    var noTexts: TextParts { texts.emptied }

    @inline(__always)
    private func number(of reference: Bytes, hash: UInt32, inPart part: Int) -> Int? {
        let entry = slots[part][place(of: reference, hash: hash, inPart: part)]
        return entry == 0 ? nil : Int(texts.parts[part].entries[Int(entry) - 1].row)
    }

    /// Where a text stands, or the free slot where it would.
    @inline(__always)
    private func place(of text: Bytes, hash: UInt32, inPart part: Int) -> Int {
        let mask = slots[part].count - 1
        var place = Int(hash) & mask
        while slots[part][place] != 0 {
            let entry = Int(slots[part][place]) - 1
            if texts.parts[part].entries[entry].hash == hash,
                texts.parts[part].withText(entry, { $0.hasSameBytes(as: text) })
            {
                return place
            }
            place = (place + 1) & mask
        }
        return place
    }

    /// The rows of each reference that several have, in order. To be asked before any is passed over.
    func eachShared(_ body: ([Int]) -> Void) {
        for first in upcoming where first >= 0 && next[Int(first)] >= 0 {
            var rows = [Int(first)]
            while let last = rows.last, next[last] >= 0 { rows.append(Int(next[last])) }
            body(rows)
        }
    }

    /// The first row of a reference that is still free, in the rows' order. A row that was not is never asked about again
    /// unless it is the last.
    mutating func firstFree(in number: Int, _ isFree: (Int) -> Bool) -> Int? {
        while true {
            let row = Int(upcoming[number])
            if isFree(row) { return row }
            guard next[row] >= 0 else { return nil }
            upcoming[number] = next[row]
        }
    }

    /// The one reference that begins with a comment which the broker has cut, or with what follows its `trade:`; `nil`
    /// when none does, or more than one.
    mutating func number(beginningWith cut: Bytes) -> Int? {
        knownBeginnings().reference(of: cut)
    }

    /// Whether any reference, or several, begin with a cut comment or with what follows its `trade:`.
    mutating func hasReference(beginningWith cut: Bytes) -> Bool { knownBeginnings().hasReference(of: cut) }

    /// Tells each reference once.
    fileprivate func eachText(_ body: (Int, Bytes) -> Void) {
        for part in texts.parts {
            for (index, entry) in part.entries.enumerated() where upcoming[Int(entry.row)] >= 0 {
                part.withText(index) { body(Int(entry.row), $0) }
            }
        }
    }

    private mutating func knownBeginnings() -> Beginnings {
        let known = beginnings ?? Beginnings(of: self)
        beginnings = known
        return known
    }
}

/// References by how they begin: the whole of a cut comment, and what is left of it behind `trade:`.
private struct Beginnings {
    private static let several: Int32 = -1
    private var texts = ByteIndex()
    /// For each beginning, its reference, or ``several``.
    private var references: [Int32] = []

    init(of all: ReferenceIndex) {
        all.eachText { number, text in
            for length in [OrderComment.brokerLimit, OrderComment.brokerLimit - OrderComment.prefix.count] {
                if let start = Beginnings.prefix(of: text, characters: length) { note(start, number) }
            }
        }
    }

    /// A comment's two readings have different lengths, so that no text stands for both.
    func reference(of cut: Bytes) -> Int? {
        let found = Beginnings.readings(of: cut).compactMap { texts.find($0) }.map { references[$0] }
        guard let first = found.first, first != Beginnings.several, found.allSatisfy({ $0 == first }) else {
            return nil
        }
        return Int(first)
    }

    func hasReference(of cut: Bytes) -> Bool { Beginnings.readings(of: cut).contains { texts.find($0) != nil } }

    private static func readings(of cut: Bytes) -> [Bytes] { [cut, OrderComment.withoutPrefix(cut)].compactMap { $0 } }

    private mutating func note(_ start: Bytes, _ reference: Int) {
        let number = texts.number(of: start)
        if number == references.count {
            references.append(Int32(reference))
        } else {
            references[number] = Beginnings.several
        }
    }

    /// The first so many Unicode scalars; `nil` when there are fewer.
    private static func prefix(of text: Bytes, characters: Int) -> Bytes? {
        var count = 0
        for index in text.indices where text[index] & 0xC0 != 0x80 {
            if count == characters { return text[..<index] }
            count += 1
        }
        return count == characters ? text : nil
    }
}
