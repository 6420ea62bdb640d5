import CSQLite
import Crypto
import PluginAPI

/// Counts rows and digests them so that their order does not matter: the SHA-256 of each row, added up in four lanes of
/// 64 bits.
struct TableDigest {
    private(set) var rowsTotal: Int64 = 0
    private var lanes: [UInt64] = [0, 0, 0, 0]

    /// Every table of a database, by name.
    static func tables(of database: DatabaseHandle) throws(StorageError) -> [StoredTable] {
        let names = try database.texts(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name")
        var tables: [StoredTable] = []
        for name in names {
            var digest = TableDigest()
            let quoted =
                "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
            try database.forEachRow(of: "SELECT * FROM \(quoted)") { digest.add($0) }
            tables.append(StoredTable(name: name, rowsTotal: digest.rowsTotal, digest: digest.hexadecimal))
        }
        return tables
    }

    /// Hexadecimal digits that are equal for equal rows.
    var hexadecimal: String {
        var hash = SHA256()
        for number in [UInt64(bitPattern: rowsTotal)] + lanes {
            withUnsafeBytes(of: number.bigEndian) { hash.update(bufferPointer: $0) }
        }
        return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// - Parameter row: A statement that stands on a row.
    mutating func add(_ row: OpaquePointer) {
        var hash = SHA256()
        for column in 0..<sqlite3_column_count(row) { Self.update(&hash, with: row, column) }
        rowsTotal += 1
        hash.finalize().withUnsafeBytes { bytes in
            for lane in 0..<4 {
                lanes[lane] &+= bytes.loadUnaligned(fromByteOffset: lane * 8, as: UInt64.self).bigEndian
            }
        }
    }

    /// The cell's type, then its length or number, then its bytes, so that no two rows look alike.
    private static func update(_ hash: inout SHA256, with row: OpaquePointer, _ column: Int32) {
        let type = sqlite3_column_type(row, column)
        let number: UInt64
        var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        switch type {
        case SQLITE_INTEGER: number = UInt64(bitPattern: sqlite3_column_int64(row, column))
        case SQLITE_FLOAT: number = sqlite3_column_double(row, column).bitPattern
        case SQLITE_TEXT, SQLITE_BLOB:
            let start = UnsafeRawPointer(sqlite3_column_blob(row, column))
            bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(row, column)))
            number = UInt64(bytes.count)
        default: number = 0
        }
        hash.update(data: [UInt8(truncatingIfNeeded: type)])
        withUnsafeBytes(of: number.bigEndian) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: bytes)
    }
}
