import PluginAPI

/// A page of a list: as many rows as asked for, and where the next page begins when there is one.
struct Page {
    let rows: ArraySlice<Row>
    let nextCursor: String?

    /// - Parameters:
    ///   - rows: The answer to a statement that asked for one row more than the limit.
    ///   - key: The last row's place in the list's order.
    init(_ rows: Rows, for request: Request, key: (Row) -> [Value]) {
        let all = Array(rows)
        self.rows = all.prefix(request.limit)
        nextCursor = all.count > request.limit ? self.rows.last.map { request.cursor(after: key($0)) } : nil
    }

    /// An object with the page's rows under `name` and `next_cursor`.
    func reply(_ name: String, _ write: (inout JSONWriter, Row) -> Void) -> Reply {
        Reply { json in
            json.arrayField(name, of: rows, write)
            json.field("next_cursor", nextCursor)
        }
    }

    static func schema(_ name: String, _ row: Schema.Fields) -> Schema {
        var fields: Schema.Fields = ["next_cursor": .optional(.text)]
        fields.members.insert((name: name, schema: .array(.object(row))), at: 0)
        return .object(fields)
    }
}

extension SQL {
    /// A condition of a `WHERE` clause, or nothing.
    static func when<T>(_ value: T?, _ condition: (T) -> SQL) -> SQL {
        value.map(condition) ?? ""
    }
}
