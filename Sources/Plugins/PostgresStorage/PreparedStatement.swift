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
    private(set) var lastTook: Duration?
    /// How long its answers take where nothing else is in their way: the least, which grows a little with each that took longer.
    private var usualTook: Duration?
    /// Bytes that its answers have at least, about: the least lately, which grows a little with each that was larger. 0 before
    /// the first.
    private(set) var answerBytes = 0

    /// More than any read by a key takes, and short enough for others to wait for it.
    private static let quick = Duration.milliseconds(5)
    /// Nobody gains by another connection for it.
    private static let brief = Duration.microseconds(500)

    /// Whether other reads may wait for it.
    var isQuick: Bool { lastTook.map { $0 <= Self.quick } ?? false }

    /// Whether it is over before another thread could have been woken and have done anything.
    var isBrief: Bool { usualTook.map { $0 <= Self.brief } ?? false }

    /// - Parameter mean: That of the answers that were waited for together.
    func took(_ time: Duration, usually mean: Duration? = nil) {
        lastTook = time
        usualTook = min(mean ?? time, usualTook.map { $0 + $0 / 16 } ?? mean ?? time)
    }

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

    func answered(bytes: Int) {
        answerBytes = answerBytes == 0 ? bytes : min(bytes, answerBytes + answerBytes / 16 + 1)
    }

    /// The rows of an answer to it.
    func rows(of answer: Answer) throws(StorageError) -> Rows {
        defer { answered(bytes: answer.bytesTotal) }
        return try answer.rows(in: columns(of: answer), of: text)
    }

    func columns(of answer: Answer) throws(StorageError) -> Columns {
        if let columns { return columns }
        let found = try Columns(of: answer, to: text)
        columns = found
        return found
    }
}
