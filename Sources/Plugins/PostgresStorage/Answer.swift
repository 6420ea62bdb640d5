import CLibpq
import PluginAPI

/// A result of the server, freed with it.
final class Answer {
    let handle: OpaquePointer

    /// - Parameter handle: Owned from here on.
    init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    deinit { PQclear(handle) }

    var status: ExecStatusType { PQresultStatus(handle) }

    /// What it was on its way, about, once its rows have been read; 0 until then.
    private(set) var bytesTotal = 0

    /// Whether reading its cells takes more than a moment.
    var isLarge: Bool { PQresultMemorySize(handle) > 1 << 18 }

    var isError: Bool { status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE }

    /// The server expects data or sends it in another way than as rows.
    var isCopying: Bool { [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(status) }

    /// The five characters that say what went wrong; empty when it did not come from the server.
    var sqlState: String { PQresultErrorField(handle, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? "" }

    /// Where in the server's source an error comes from: `md.c`. Unlike its words it is in no language.
    var sourceFile: String { PQresultErrorField(handle, Int32(UInt8(ascii: "F"))).map { String(cString: $0) } ?? "" }

    /// The server's words, without where in its source they come from.
    var message: String {
        let field = { (code: Character) in
            PQresultErrorField(self.handle, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        guard let primary = field("M") else { return String(cString: PQresultErrorMessage(handle)) }
        return field("D").map { "\(primary): \($0)" } ?? primary
    }

    /// Where in the statement an error lies, in characters from 1.
    var position: Int? {
        PQresultErrorField(handle, Int32(UInt8(ascii: "P"))).flatMap { Int(String(cString: $0)) }
    }

    /// Rows the statement wrote.
    var changesTotal: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    /// The types the server found for a prepared statement's parameters.
    var parameterTypes: [Oid] { (0..<PQnparams(handle)).map { PQparamtype(handle, $0) } }

    /// The rows, every cell decoded.
    /// - Throws: ``StorageError/statement(_:)`` naming a column that holds what Concord does not read.
    func rows(in columns: Columns, of text: String) throws(StorageError) -> Rows {
        let readers = columns.readers
        let rowsTotal = Int(PQntuples(handle))
        var unreadable: Int?
        bytesTotal = Self.answerBytes + readers.count * Self.columnBytes
        bytesTotal += rowsTotal * (Self.rowBytes + readers.count * Self.lengthBytes)
        let cells = [Value](unsafeUninitializedCapacity: rowsTotal * readers.count) { cells, cellsTotal in
            for row in 0..<rowsTotal {
                for column in 0..<readers.count {
                    guard let cell = cell(Int32(row), Int32(column), readers[column]) else {
                        unreadable = column
                        return
                    }
                    cells.initializeElement(at: cellsTotal, to: cell)
                    cellsTotal += 1
                }
            }
        }
        if let unreadable { throw Self.unreadable(columns.names[unreadable], of: text) }
        return Rows(columns: columns.names, cells: cells, encoding: .native)
    }

    /// Appends the cells of every row.
    /// - Throws: ``StorageError/statement(_:)`` naming a column that holds what Concord does not read.
    func appendRows(to cells: inout [Value], in columns: Columns, of text: String) throws(StorageError) {
        for row in 0..<PQntuples(handle) {
            for (column, reader) in columns.readers.enumerated() {
                guard let cell = cell(row, Int32(column), reader) else {
                    throw Self.unreadable(columns.names[column], of: text)
                }
                cells.append(cell)
            }
        }
    }

    private static func unreadable(_ column: String, of text: String) -> StorageError {
        .statement("column \(column) is of a type or size that Concord does not read: \(text)")
    }

    /// What the protocol has before a row, and before each of its cells.
    private static let (rowBytes, lengthBytes) = (7, 4)
    /// What it has around all of them, and for a column, a name of six letters included.
    private static let (answerBytes, columnBytes) = (32, 25)

    /// - Returns: `nil` for a value that has no exact counterpart.
    private func cell(_ row: Int32, _ column: Int32, _ reader: CellReader) -> Value? {
        let length = Int(PQgetlength(handle, row, column))
        bytesTotal += length
        // A NULL has no length; most cells need not be asked twice.
        if length == 0, PQgetisnull(handle, row, column) != 0 { return .null }
        return reader.value(of: UnsafeRawBufferPointer(start: PQgetvalue(handle, row, column), count: length))
    }
}
