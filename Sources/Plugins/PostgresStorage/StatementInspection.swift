import PluginAPI
import StorageWork

/// Has the server read a statement, and looks at what it has read.
struct StatementInspection {
    private let sql: SQL
    private let schema: ScopedSchema

    private static let head = "CREATE TEMP VIEW \(StatementTree.view) AS "

    init(_ sql: SQL, schema: ScopedSchema) {
        self.sql = sql
        self.schema = schema
    }

    /// - Throws: ``StatementFault`` for what would be refused, ``StorageError`` when the server cannot tell.
    func columns(on connection: Connection) throws -> [ScopedColumn] {
        do {
            try connection.executeScript("SET LOCAL search_path = \(schema.searchPath(isFiltered: true))")
            try read(on: connection)
            try refuseForeign(connection)
            return try connection.rows(StatementTree.columns).map { row in
                ScopedColumn(name: row.text("name") ?? "", kind: StatementTree.kind(of: row.integer("type") ?? 0))
            }
        } catch let failure as ServerFailure {
            throw failure.error
        }
    }

    /// By itself in an exchange that takes one statement only.
    private func read(on connection: Connection) throws {
        do {
            _ = try connection.execute(SQL(parts: [.text(Self.head + text)]))
        } catch {
            guard case .statement = error.error else { throw error }
            throw StatementFault(error.message ?? error.error.reason, at: error.position.flatMap(place))
        }
    }

    private func refuseForeign(_ connection: Connection) throws {
        if let name = try connection.rows(StatementTree.foreignRelations(schema: schema.filtered)).first?.text(0) {
            throw StatementFault("it reads \(name), which is no view")
        }
        if let node = try connection.rows(StatementTree.words).first?.text(0) {
            throw StatementFault("it uses a part of SQL that statements here may not: \(node)")
        }
        for call in try connection.rows(StatementTree.calls) {
            let name = call.text("name") ?? ""
            let isAllowed = StatementTree.allows(
                name: name, isBuiltIn: call.boolean(4) ?? false, volatility: call.text("volatility") ?? "v",
                field: call.text("field") ?? "",
                form: call.text("form") ?? "")
            if !isAllowed { throw StatementFault("it calls \(name), which statements here may not") }
        }
    }

    /// The statement with NULLs of the values' types: a view has no parameters.
    private var text: String {
        sql.parts(for: .postgres).map { part in
            switch part {
            case .text(let text): text
            case .value(let value): Self.null(like: value)
            default: "NULL"
            }
        }.joined()
    }

    private static func null(like value: Value) -> String {
        switch value {
        case .null, .text: "NULL::text"
        case .boolean: "NULL::boolean"
        case .integer: "NULL::bigint"
        case .decimal: "NULL::numeric"
        case .timestamp: "NULL::timestamptz"
        case .json: "NULL::json"
        }
    }

    /// - Parameter position: As the server counts: characters from 1, in the statement as it was spelled for it.
    private func place(_ position: Int) -> StatementFault.Place? {
        let whole = Self.head + text
        var end = whole.unicodeScalars.startIndex
        while end < whole.unicodeScalars.endIndex,
            StatementWords.spelled(String(whole[..<end])).unicodeScalars.count < position - 1
        {
            whole.unicodeScalars.formIndex(after: &end)
        }
        let offset = whole.utf8.distance(from: whole.startIndex, to: end) - Self.head.utf8.count
        return offset < 0
            ? nil : PartPlace.of(offset, in: sql, for: .postgres) { Self.null(like: $0).utf8.count }
    }
}
