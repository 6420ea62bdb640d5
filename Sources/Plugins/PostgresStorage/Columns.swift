import CLibpq
import PluginAPI

/// The columns of a statement's answers: what they are called and how their cells are read.
///
/// They are found out once for a prepared statement: the server refuses to run one whose columns have changed.
struct Columns {
    let names: [String]
    let readers: [CellReader]

    /// - Throws: ``StorageError/statement(_:)`` naming a column of a type whose numbers are not exact.
    init(of answer: Answer, to text: String) throws(StorageError) {
        let handle = answer.handle
        let indices = 0..<PQnfields(handle)
        names = indices.map { PQfname(handle, $0).map { String(cString: $0) } ?? "" }
        let types = indices.map { PQftype(handle, $0) }
        if let column = types.firstIndex(where: { ServerType.floats.contains($0) }) {
            throw .statement("column \(names[column]) is a floating-point number; use dec_div: \(text)")
        }
        readers = types.map { CellReader(of: $0) }
    }
}

/// How the cells of a column are read from PostgreSQL's binary form.
enum CellReader {
    case bigint, integer, smallint, boolean, numeric, timestamp, json, text
    /// Nothing but NULL can be read.
    case none

    init(of type: Oid) {
        switch type {
        case ServerType.bigint: self = .bigint
        case ServerType.integer: self = .integer
        case ServerType.smallint: self = .smallint
        case ServerType.boolean: self = .boolean
        case ServerType.numeric: self = .numeric
        case ServerType.timestamp: self = .timestamp
        case ServerType.json: self = .json
        case _ where ServerType.texts.contains(type): self = .text
        default: self = .none
        }
    }

    /// - Returns: `nil` for a value that has no exact counterpart.
    func value(of bytes: UnsafeRawBufferPointer) -> Value? {
        switch self {
        case .bigint: return .integer(bytes.bigEndian(at: 0))
        case .integer: return .integer(Int64(bytes.bigEndian(Int32.self, at: 0)))
        case .smallint: return .integer(Int64(bytes.bigEndian(Int16.self, at: 0)))
        case .boolean: return .boolean(bytes[0] != 0)
        case .numeric:
            if let number = Numeric.decode(bytes) { return .decimal(number) }
            return nil
        case .timestamp: return Self.time(bytes.bigEndian(at: 0))
        case .json: return .json(String(decoding: bytes, as: UTF8.self))
        case .text: return .text(String(decoding: bytes, as: UTF8.self))
        case .none: return nil
        }
    }

    /// - Returns: `nil` for `infinity`.
    private static func time(_ microseconds: Int64) -> Value? {
        let (sum, overflow) = microseconds.addingReportingOverflow(ServerType.epoch)
        return overflow || microseconds == .min ? nil : .timestamp(Timestamp(microseconds: sum))
    }
}
