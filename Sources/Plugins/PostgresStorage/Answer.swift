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

    /// Rows the statement wrote.
    var changesTotal: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    /// The types the server found for a prepared statement's parameters.
    var parameterTypes: [Oid] { (0..<PQnparams(handle)).map { PQparamtype(handle, $0) } }

    /// The rows, decoded by each column's type.
    /// - Throws: ``StorageError/statement(_:)`` naming a column that holds what Concord does not read.
    func rows(of text: String) throws(StorageError) -> Rows {
        let columnsTotal = PQnfields(handle)
        let columns = (0..<columnsTotal).map { PQfname(handle, $0).map { String(cString: $0) } ?? "" }
        let types = (0..<columnsTotal).map { PQftype(handle, $0) }
        if let column = types.firstIndex(where: { ServerType.floats.contains($0) }) {
            throw .statement("column \(columns[column]) is a floating-point number; use dec_div: \(text)")
        }
        var cells: [Value] = []
        let rowsTotal = PQntuples(handle)
        cells.reserveCapacity(Int(rowsTotal) * columns.count)
        for row in 0..<rowsTotal {
            for column in 0..<columnsTotal {
                guard let cell = cell(row, column, types[Int(column)]) else {
                    throw .statement(
                        "column \(columns[Int(column)]) is of a type or size that Concord does not read: \(text)")
                }
                cells.append(cell)
            }
        }
        return Rows(columns: columns, cells: cells, encoding: .native)
    }

    /// - Returns: `nil` for a value that has no exact counterpart.
    private func cell(_ row: Int32, _ column: Int32, _ type: Oid) -> Value? {
        if PQgetisnull(handle, row, column) != 0 { return .null }
        let length = Int(PQgetlength(handle, row, column))
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(handle, row, column), count: length)
        switch type {
        case ServerType.bigint: return .integer(bytes.bigEndian(at: 0))
        case ServerType.integer: return .integer(Int64(bytes.bigEndian(Int32.self, at: 0)))
        case ServerType.smallint: return .integer(Int64(bytes.bigEndian(Int16.self, at: 0)))
        case ServerType.boolean: return .boolean(bytes[0] != 0)
        case ServerType.numeric:
            if let number = Numeric.decode(bytes) { return .decimal(number) }
            return nil
        case ServerType.timestamp: return time(bytes.bigEndian(at: 0))
        case ServerType.json: return .json(String(decoding: bytes, as: UTF8.self))
        case _ where ServerType.texts.contains(type): return .text(String(decoding: bytes, as: UTF8.self))
        default: return nil
        }
    }

    /// - Returns: `nil` for `infinity`.
    private func time(_ microseconds: Int64) -> Value? {
        let (sum, overflow) = microseconds.addingReportingOverflow(ServerType.epoch)
        return overflow || microseconds == .min ? nil : .timestamp(Timestamp(microseconds: sum))
    }
}
