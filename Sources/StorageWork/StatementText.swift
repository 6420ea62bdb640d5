package import PluginAPI

/// A statement as a driver takes it: text with a placeholder for every value, `?` in SQLite and `$1` in PostgreSQL, and the
/// values in order.
package struct StatementText {
    package private(set) var text = ""
    package private(set) var values: [Value] = []
    private let dialect: SQLDialect

    package init(_ sql: SQL, for dialect: SQLDialect) {
        self.dialect = dialect
        let parts = sql.parts(for: dialect)
        text.reserveCapacity(512)
        values.reserveCapacity(parts.count)
        for part in parts {
            switch part {
            case .text(let text): self.text += text
            case .value(let value): append(value)
            case .list(let list): append(list)
            @unknown default: preconditionFailure("a part of SQL that this backend does not know")
            }
        }
    }

    private mutating func append(_ value: Value) {
        values.append(value)
        text += dialect == .sqlite ? "?" : "$\(values.count)"
    }

    /// An empty list becomes NULL, which is in no list and equals nothing.
    private mutating func append(_ list: [Value]) {
        guard !list.isEmpty else { return text += "NULL" }
        for (index, value) in list.enumerated() {
            if index > 0 { text += ", " }
            append(value)
        }
    }
}
