import TradingBook

/// The book's references, each once with its rows, so that a position's comment finds them.
///
/// A look-up costs one hash whatever shares a reference, and each row is passed over at most once.
struct ReferenceIndex {
    private var references: ByteIndex
    /// For each reference, its first row that may still be free; −1 for none.
    private var heads: [Int32] = []
    /// For each row, the next one with the same reference; −1 for none.
    private var next: [Int32]
    private var numbers: [Int32]
    private var beginnings: Beginnings?

    init(_ book: BookColumns) {
        self.init((0..<book.count).lazy.map { book.reference($0) })
    }

    /// - Parameter references: One for each row.
    init(_ references: some RandomAccessCollection<String>) {
        let count = references.count
        self.references = ByteIndex(capacity: count)
        next = Array(repeating: -1, count: count)
        numbers = Array(repeating: -1, count: count)
        // Last row first, so that each list begins with its first row.
        for (row, reference) in zip((0..<count).reversed(), references.reversed()) {
            let number = reference.withBytes { self.references.number(of: $0) }
            if number == heads.count { heads.append(-1) }
            next[row] = heads[number]
            heads[number] = Int32(row)
            numbers[row] = Int32(number)
        }
    }

    /// How many different references there are; their numbers are below it.
    var count: Int { references.count }

    func number(ofRow row: Int) -> Int { Int(numbers[row]) }

    func number(of reference: Bytes) -> Int? { references.find(reference) }

    /// The first row of a reference that is still free, in the rows' order. A row that was not is never asked about again.
    mutating func firstFree(in number: Int, _ isFree: (Int) -> Bool) -> Int? {
        while heads[number] >= 0 {
            let row = Int(heads[number])
            if isFree(row) { return row }
            heads[number] = next[row]
        }
        return nil
    }

    /// The one reference that begins with a comment which the broker has cut, or with what follows its `trade:`; `nil`
    /// when none does, or more than one.
    mutating func number(beginningWith cut: Bytes) -> Int? {
        knownBeginnings().reference(of: cut)
    }

    /// Whether any reference, or several, begin with a cut comment or with what follows its `trade:`.
    mutating func hasReference(beginningWith cut: Bytes) -> Bool { knownBeginnings().hasReference(of: cut) }

    private mutating func knownBeginnings() -> Beginnings {
        let known = beginnings ?? Beginnings(of: references)
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

    init(of all: ByteIndex) {
        for reference in 0..<all.count {
            all.withText(reference) { text in
                for length in [OrderComment.brokerLimit, OrderComment.brokerLimit - OrderComment.prefix.count] {
                    if let start = Beginnings.prefix(of: text, characters: length) { note(start, reference) }
                }
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
