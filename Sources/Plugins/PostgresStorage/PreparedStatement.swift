import CLibpq
import PluginAPI
import StorageWork

/// A statement that the server has parsed for one connection.
final class PreparedStatement: CachedStatement {
    let text: String
    /// What the server knows it by.
    let name: String
    let parameterTypes: [Oid]
    /// What it answers with, once it has answered with rows.
    private var columns: Columns?
    var lastUse: UInt64 = 0
    /// How long its last answer took to come.
    var lastTook: Duration?

    /// More than any read by a key takes, and short enough for others to wait for it.
    private static let quick = Duration.milliseconds(5)

    /// Whether other reads may wait for it.
    var isQuick: Bool { lastTook.map { $0 <= Self.quick } ?? false }

    init(text: String, name: String, parameterTypes: [Oid]) {
        self.text = text
        self.name = name
        self.parameterTypes = parameterTypes
    }

    /// Whether the values are of the types it was prepared for. NULL is of every type.
    func takes(_ values: [Value]) -> Bool {
        guard values.count == parameterTypes.count else { return false }
        return zip(values, parameterTypes).allSatisfy { value, type in value.isNull || ServerType.of(value) == type }
    }

    /// The rows of an answer to it.
    func rows(of answer: Answer) throws(StorageError) -> Rows {
        try answer.rows(in: columns(of: answer), of: text)
    }

    func columns(of answer: Answer) throws(StorageError) -> Columns {
        if let columns { return columns }
        let found = try Columns(of: answer, to: text)
        columns = found
        return found
    }
}
