/// The book's references in byte order, each once with its rows, for comments that a broker has cut.
///
/// A look-up costs a binary search whatever shares a reference, and each row is passed over at most once.
struct SortedReferences {
    private struct Group {
        var reference: [UInt8]
        var rows: [Int]
        /// Rows before this one are taken.
        var next = 0
    }

    private var sorted: [Group]

    /// - Parameter references: One for each row.
    init(_ references: [[UInt8]]) {
        var rows: [[UInt8]: [Int]] = [:]
        for (row, reference) in references.enumerated() { rows[reference, default: []].append(row) }
        sorted = rows.map { Group(reference: $0.key, rows: $0.value) }
            .sorted { $0.reference.lexicographicallyPrecedes($1.reference) }
    }

    /// The references that begin with `text`; two at most, because a second one already makes it ambiguous.
    func groups(beginningWith text: [UInt8]) -> [Int] {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].reference.lexicographicallyPrecedes(text) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return (low..<min(low + 2, sorted.count)).filter { sorted[$0].reference.starts(with: text) }
    }

    /// The first row of a reference that is still free, in the rows' order.
    mutating func nextFree(in group: Int, _ isFree: (Int) -> Bool) -> Int? {
        while sorted[group].next < sorted[group].rows.count {
            let row = sorted[group].rows[sorted[group].next]
            if isFree(row) { return row }
            sorted[group].next += 1
        }
        return nil
    }
}
