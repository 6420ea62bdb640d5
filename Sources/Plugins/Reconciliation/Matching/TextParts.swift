import TradingBook

/// Texts of rows, dealt by their hashes into parts, each small enough for the cache beside the processor.
///
/// Equal texts lie in parts of one number, so that who looks for many texts deals those too and goes part by part: in a
/// large book nothing has then to be waited for in memory.
struct TextParts {
    private static let rowsOfPart = 8_192

    /// One text of a row.
    struct Entry {
        var hash: UInt32
        var row: Int32
        /// Where the text ends in the part's bytes; it begins where the one before ends.
        var end: UInt32
    }

    struct Part {
        private(set) var entries: [Entry] = []
        private var bytes: [UInt8] = []

        fileprivate mutating func add(_ text: Bytes, row: Int, hash: UInt32, of expected: Int) {
            if entries.isEmpty {
                entries.reserveCapacity(expected)
                bytes.reserveCapacity(expected * 24)
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text))
            entries.append(Entry(hash: hash, row: Int32(row), end: UInt32(bytes.count)))
        }

        /// Lends the text of an entry.
        @inline(__always)
        func withText<Result>(_ entry: Int, _ body: (Bytes) -> Result) -> Result {
            let start = entry == 0 ? 0 : Int(entries[entry - 1].end)
            return bytes.withUnsafeBufferPointer { body($0[start..<Int(entries[entry].end)]) }
        }
    }

    private(set) var parts: [Part]
    /// Rows in a part, and some more.
    private let expected: Int

    /// - Parameter rows: How many texts are expected.
    init(rows: Int) {
        var count = 1
        while count * Self.rowsOfPart < rows { count *= 2 }
        parts = Array(repeating: Part(), count: count)
        expected = rows / count + rows / count / 16
    }

    /// Nothing yet, in as many parts as these texts.
    var emptied: TextParts {
        var none = self
        none.parts = Array(repeating: Part(), count: parts.count)
        return none
    }

    mutating func add(_ text: Bytes, row: Int) {
        let hash = KeyedHash.hash(text)
        parts[part(of: hash)].add(text, row: row, hash: UInt32(truncatingIfNeeded: hash), of: expected)
    }

    /// Upper bits say which part; the lower ones are left for a table in it.
    func part(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 32) & (parts.count - 1) }
}
