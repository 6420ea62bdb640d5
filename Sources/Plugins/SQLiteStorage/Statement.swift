import CSQLite
import PluginAPI
import StorageWork

/// A prepared statement of one connection, used again and again with other values.
final class Statement: CachedStatement {
    let handle: OpaquePointer
    let text: String
    var lastUse: UInt64 = 0
    /// How many cells its last result had: the next is likely to have about as many.
    var lastCellsTotal = 0
    private var columnNames: [String] = []
    private var columnNamesAreFrom: Int32 = -1

    /// - Parameter handle: Owned from here on.
    init(handle: OpaquePointer, text: String) {
        self.handle = handle
        self.text = text
    }

    deinit { sqlite3_finalize(handle) }

    /// Whether it leaves the database as it is.
    var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

    var parametersTotal: Int { Int(sqlite3_bind_parameter_count(handle)) }

    /// The result's column names. A statement that SQLite prepared again after a change of schema may have others.
    var columns: [String] {
        let preparations = sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_REPREPARE, 0)
        if preparations != columnNamesAreFrom {
            columnNames = (0..<sqlite3_column_count(handle)).map { index in
                sqlite3_column_name(handle, index).map { String(cString: $0) } ?? ""
            }
            columnNamesAreFrom = preparations
        }
        return columnNames
    }

    /// Binds all parameters.
    /// - Throws: ``StorageError/statement(_:)`` for a wrong number of values, or a decimal that storage cannot keep exactly.
    func bind(_ values: [Value]) throws(StorageError) {
        guard values.count == parametersTotal else {
            throw .statement("\(parametersTotal) parameters and \(values.count) values in: \(text)")
        }
        for (index, value) in values.enumerated() {
            let code = try bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else {
                throw StorageError(code: code, message: "\(String(cString: sqlite3_errstr(code))) in: \(text)")
            }
        }
    }

    /// Makes it ready to run again.
    func rewind() { sqlite3_reset(handle) }

    /// Makes it ready for other values and lets go of the ones it holds.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Appends the current row's cells.
    func appendRow(to cells: inout [Value], columnsTotal: Int) throws(StorageError) {
        for column in 0..<Int32(columnsTotal) {
            switch sqlite3_column_type(handle, column) {
            case SQLITE_INTEGER: cells.append(.integer(sqlite3_column_int64(handle, column)))
            case SQLITE_TEXT: cells.append(.text(textCell(column)))
            case SQLITE_NULL: cells.append(.null)
            case SQLITE_FLOAT:
                throw .statement("column \(columns[Int(column)]) is a floating-point number; use dec_div: \(text)")
            default:
                throw .statement("column \(columns[Int(column)]) is a blob: \(text)")
            }
        }
    }

    private func textCell(_ column: Int32) -> String {
        let start = sqlite3_column_text(handle, column)
        return String(
            decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self
        )
    }

    private func bind(_ value: Value, at index: Int32) throws(StorageError) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .boolean(let flag): return sqlite3_bind_int64(handle, index, flag ? 1 : 0)
        case .integer(let integer): return sqlite3_bind_int64(handle, index, integer)
        case .timestamp(let time): return sqlite3_bind_int64(handle, index, time.microseconds)
        case .text(let text), .json(let text): return bind(text, at: index)
        case .decimal(let number):
            guard let units = number.storedUnits else {
                throw .statement("\(number) has more than 8 decimals or is out of range in: \(text)")
            }
            return sqlite3_bind_int64(handle, index, units)
        }
    }

    private func bind(_ text: String, at index: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            // An empty buffer has no address, and no address would bind NULL.
            guard let start = bytes.baseAddress else {
                return sqlite3_bind_text(handle, index, "", 0, concord_sqlite_transient())
            }
            return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) { characters in
                sqlite3_bind_text64(
                    handle, index, characters, UInt64(bytes.count), concord_sqlite_transient(), UInt8(SQLITE_UTF8))
            }
        }
    }
}
