/// Which row of a body has which key, for a key that comes again to be found.
///
/// A table of row numbers, not a dictionary of keys: the rows hold the keys already.
struct SeenRows {
    /// Upper half of a key's hash and number of its row, from 1; 0 is free. At most three quarters are taken.
    private var slots: [UInt64]
    /// Rows of a body tend to be of one account, whose hash is kept.
    private var account = ""
    private var accountHash: UInt64 = SeenRows.hash("")

    init(rowsMax: Int) {
        var size = 8
        while size * 3 < rowsMax * 4 { size *= 2 }
        slots = Array(repeating: 0, count: size)
    }

    /// Notes the last of `rows`.
    ///
    /// - Returns: The row before it that has the same key; the latest when there are several.
    mutating func add<Row: BookRow>(lastOf rows: [Row]) -> Int? {
        let row = rows.count - 1
        let key = rows[row].key
        let hash = hash(key)
        let mark = hash & 0xFFFF_FFFF_0000_0000
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        defer { slots[slot] = mark | UInt64(row + 1) }
        while slots[slot] != 0 {
            if slots[slot] & 0xFFFF_FFFF_0000_0000 == mark {
                let other = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if rows[other].key == key { return other }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func hash(_ key: BookKey) -> UInt64 {
        if key.account != account { (account, accountHash) = (key.account, SeenRows.hash(key.account)) }
        return accountHash ^ SeenRows.hash(key.id)
    }

    private static func hash(_ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { KeyedHash.hash($0[...]) }
    }
}
