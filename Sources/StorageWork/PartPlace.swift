package import PluginAPI

/// Where a byte of a statement that a driver has spelled is in the statement's parts.
package enum PartPlace {
    /// - Parameters:
    ///   - offset: From 0, in UTF-8 bytes of the spelled statement.
    ///   - spelled: How long each value is spelled.
    package static func of(
        _ offset: Int, in sql: SQL, for dialect: SQLDialect = .sqlite, spelled: (Value) -> Int = { _ in 1 }
    )
        -> StatementFault.Place?
    {
        var start = 0
        for (index, part) in sql.parts(for: dialect).enumerated() {
            let length: Int
            switch part {
            case .text(let text):
                length = text.utf8.count
                if offset < start + length { return StatementFault.Place(part: index, offset: offset - start) }
            case .value(let value): length = spelled(value)
            default: return nil
            }
            if offset < start + length { return StatementFault.Place(part: index, offset: 0) }
            start += length
        }
        return nil
    }
}

extension Value {
    /// What it counts for in an answer's bytes.
    package var scopedBytes: Int {
        switch self {
        case .text(let text), .json(let text): 16 + text.utf8.count
        default: 16
        }
    }
}
