import PluginAPI

/// A statement as SQLite takes it: text with `?` for every value, and the values in order.
struct StatementText {
    private(set) var text = ""
    private(set) var values: [Value] = []

    init(_ sql: SQL) {
        let parts = sql.parts(for: .sqlite)
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
        text += "?"
        values.append(value)
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
