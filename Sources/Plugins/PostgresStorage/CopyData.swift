import PluginAPI

/// Rows in the binary form of `COPY`: a head, each row's number of values and the values with their lengths, an end.
struct CopyData {
    private(set) var bytes: [UInt8] = []

    /// `PGCOPY`, a mark that shows damaged line ends, no flags, nothing more in the head.
    private static let head: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A] + [UInt8](repeating: 0, count: 9)
    private static let null: Int32 = -1

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func begin() { bytes.append(contentsOf: Self.head) }
    mutating func end() { bytes.append(bigEndian: Int16(-1)) }
    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// - Parameter text: The statement, for the message.
    /// - Throws: ``StorageError/statement(_:)`` for a value that storage cannot keep exactly; the row is not there in part.
    mutating func append(_ row: [Value], of text: String) throws(StorageError) {
        bytes.append(bigEndian: Int16(row.count))
        for value in row {
            if value.isNull {
                bytes.append(bigEndian: Self.null)
                continue
            }
            let lengthAt = bytes.count
            bytes.append(bigEndian: Int32(0))
            try Parameters.append(value, to: &bytes, of: text)
            let length = Int32(clamping: bytes.count - lengthAt - 4).bigEndian
            withUnsafeBytes(of: length) { length in
                for offset in 0..<4 { bytes[lengthAt + offset] = length[offset] }
            }
        }
    }
}
