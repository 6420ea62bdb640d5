/// Puts rows in the order of a 64-bit key by counting bytes: a pass a byte in which the keys differ, no comparisons.
///
/// Rows with equal keys keep their order.
struct KeyedOrder {
    private struct Entry {
        var key: UInt64
        var row: Int32
    }

    private var entries: [Entry]

    /// - Parameter keys: One for each row.
    init(_ keys: some Collection<UInt64>) {
        entries = []
        entries.reserveCapacity(keys.count)
        for key in keys { entries.append(Entry(key: key, row: Int32(entries.count))) }
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
    func rows(orderingEqual precedes: (Int32, Int32) -> Bool) -> [Int32] {
        var rows = entries.map(\.row)
        var start = 0
        while start < rows.count {
            var end = start + 1
            while end < rows.count, entries[end].key == entries[start].key { end += 1 }
            if end - start > 1 { rows[start..<end].sort(by: precedes) }
            start = end
        }
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
