import TradingBook

/// The book's references, each once with its rows, so that a position's comment finds them.
///
/// A look-up costs one hash whatever shares a reference, and each row is passed over at most once. Texts stay where they
/// are: one is read only when its hash is the one that is looked for. A reference's number is its place in the table.
struct ReferenceIndex<Texts: RandomAccessCollection<String>> where Texts.Index == Int {
    /// One for each row.
    private let texts: Texts
    private let hashes: [UInt32]
    /// The hash in the upper half, the first row that may still be free plus one in the lower; 0 is free.
    private var slots: [UInt64]
    /// For each row, the next one with the same reference; −1 for none.
    private var next: [Int32]
    private var beginnings: Beginnings?
    /// How many different references there are.
    private(set) var count = 0

    init(_ texts: Texts) {
        self.init(texts, hashes: texts.map { $0.withBytes { KeyedHash.short($0) } })
    }

    /// - Parameter hashes: For each text its ``KeyedHash/short(_:)``.
    init(_ texts: Texts, hashes: [UInt32]) {
        self.texts = texts
        self.hashes = hashes
        slots = Array(repeating: 0, count: slotCount(for: hashes.count))
        next = Array(repeating: -1, count: hashes.count)
        // Last row first, so that each list begins with its first row.
        for row in hashes.indices.reversed() {
            let place = place(of: hashes[row]) { areSame(texts[row], texts[$0]) }
            next[row] = Int32(truncatingIfNeeded: slots[place] & 0xFFFF_FFFF) - 1
            if next[row] < 0 { count += 1 }
            slots[place] = UInt64(hashes[row]) << 32 | UInt64(row + 1)
        }
    }

    func number(ofRow row: Int) -> Int { place(of: hashes[row]) { areSame(texts[row], texts[$0]) } }

    func number(of reference: Bytes) -> Int? {
        let place = place(of: KeyedHash.short(reference)) { row in texts[row].withBytes { $0.elementsEqual(reference) }
        }
        return slots[place] == 0 ? nil : place
    }

    /// The rows of each reference that several have, in order. To be asked before any is passed over.
    func eachShared(_ body: ([Int]) -> Void) {
        for entry in slots where entry != 0 && next[ReferenceIndex.row(in: entry)] >= 0 {
            var rows = [ReferenceIndex.row(in: entry)]
            while let last = rows.last, next[last] >= 0 { rows.append(Int(next[last])) }
            body(rows)
        }
    }

    /// The first row of a reference that is still free, in the rows' order. A row that was not is never asked about again
    /// unless it is the last.
    mutating func firstFree(in number: Int, _ isFree: (Int) -> Bool) -> Int? {
        while true {
            let row = ReferenceIndex.row(in: slots[number])
            if isFree(row) { return row }
            guard next[row] >= 0 else { return nil }
            slots[number] = slots[number] & ~0xFFFF_FFFF | UInt64(next[row] + 1)
        }
    }

    private static func row(in entry: UInt64) -> Int { Int(entry & 0xFFFF_FFFF) - 1 }

    /// Where a text stands, or the free slot where it would.
    private func place(of hash: UInt32, _ isSame: (Int) -> Bool) -> Int {
        var place = Int(hash) & (slots.count - 1)
        while slots[place] != 0 {
            if slots[place] >> 32 == UInt64(hash), isSame(ReferenceIndex.row(in: slots[place])) { return place }
            place = (place + 1) & (slots.count - 1)
        }
        return place
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
        for (number, entry) in slots.enumerated() where entry != 0 {
            texts[ReferenceIndex.row(in: entry)].withBytes { body(number, $0) }
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

    init<Texts>(of all: ReferenceIndex<Texts>) {
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
