/// Puts rows in the order of a 64-bit key by counting bytes: a pass a byte in which the keys differ, no comparisons.
///
/// Rows with equal keys keep their order.
package struct KeyedOrder {
    package struct Entry {
        package var key: UInt64
        package var row: Int32
    }

    private var entries: [Entry]

    /// - Parameters:
    ///   - count: How many rows there are.
    ///   - key: The key of each.
    package init(count: Int, key: (Int) -> UInt64) {
        entries = (0..<count).map { Entry(key: key($0), row: Int32($0)) }
        sort()
    }

    /// - Parameter rows: Those with equal keys keep this order.
    package init(rows: [Int32], key: (Int) -> UInt64) {
        entries = rows.map { Entry(key: key(Int($0)), row: $0) }
        sort()
    }

    package var rows: [Int32] { entries.map(\.row) }

    /// Tells the entries of each key that several rows have.
    package func eachRepeatedKey(_ body: (ArraySlice<Entry>) -> Void) {
        var start = 0
        while start < entries.count {
            let end = end(ofKeyAt: start)
            if end - start > 1 { body(entries[start..<end]) }
            start = end
        }
    }

    /// Tells the entries of every key that both have.
    package func eachSharedKey(with other: KeyedOrder, _ body: (ArraySlice<Entry>, ArraySlice<Entry>) -> Void) {
        var (mine, others) = (0, 0)
        while mine < entries.count, others < other.entries.count {
            let (key, otherKey) = (entries[mine].key, other.entries[others].key)
            if key < otherKey {
                mine += 1
            } else if otherKey < key {
                others += 1
            } else {
                let end = end(ofKeyAt: mine)
                let otherEnd = other.end(ofKeyAt: others)
                body(entries[mine..<end], other.entries[others..<otherEnd])
                (mine, others) = (end, otherEnd)
            }
        }
    }

    private func end(ofKeyAt start: Int) -> Int {
        var end = start + 1
        while end < entries.count, entries[end].key == entries[start].key { end += 1 }
        return end
    }

    private mutating func sort() {
        let isSorted = zip(entries, entries.dropFirst()).allSatisfy { $0.key <= $1.key }
        guard !isSorted else { return }
        let (all, any) = entries.reduce(into: (~UInt64(0), UInt64(0))) { bits, entry in
            bits = (bits.0 & entry.key, bits.1 | entry.key)
        }
        var other = entries
        for shift in stride(from: UInt64(0), to: 64, by: 8) where (all ^ any) >> shift & 0xFF != 0 {
            KeyedOrder.sort(entries, into: &other, byByteAt: shift)
            swap(&entries, &other)
        }
    }

    /// Rows in order, those with equal keys by `precedes`.
    package func rows(orderingEqual precedes: (Int32, Int32) -> Bool) -> [Int32] {
        var rows = rows
        eachRepeatedKey { rows[$0.indices].sort(by: precedes) }
        return rows
    }

    private static func sort(_ from: [Entry], into to: inout [Entry], byByteAt shift: UInt64) {
        var places = [Int](repeating: 0, count: 257)
        for entry in from { places[Int(entry.key >> shift & 0xFF) + 1] += 1 }
        for byte in 1...256 { places[byte] += places[byte - 1] }
        for entry in from {
            let byte = Int(entry.key >> shift & 0xFF)
            to[places[byte]] = entry
            places[byte] += 1
        }
    }
}
