import CSQLite
import PluginAPI
import StorageWork

/// Statements of people who are not trusted.
extension Connection {
    /// What is kept for such statements: they share no prepared statement with others, which were let pass without a gate.
    final class Scoping {
        var views: ScopedViews?
        var isFiltered = true
        /// What the database's own tables are called, in lower case.
        var tables: Set<String> = []
        var statements = StatementCache<Statement>()
        /// The accounts whose rows views show, as a JSON list.
        var accounts = "[]"
        /// Set while such a statement is prepared or run.
        var gate: ScopeGate?

        init() {}
    }

    /// Runs a statement over views. - Throws: ``StorageError`` or ``ScopedOverflow``.
    func rows(_ query: ScopedQuery, over views: ScopedViews) throws -> Rows {
        try place(views, isFiltered: query.scope != .platform)
        if case .accounts(let accounts) = query.scope { scoping.accounts = Self.list(accounts) }
        defer { scoping.accounts = "[]" }
        // No value of a statement grows beyond what its whole answer may take, nor takes the time to.
        let lengthBefore = sqlite3_limit(
            database, SQLITE_LIMIT_LENGTH, Int32(clamping: max(query.bytesMax, Self.lengthMin)))
        defer { sqlite3_limit(database, SQLITE_LIMIT_LENGTH, lengthBefore) }
        return try gated(by: views) {
            let prepared = StatementText(query.sql, for: .sqlite)
            let statement = try scopedStatement(prepared.text)
            defer { statement.reset() }
            try statement.bind(prepared.values)
            return try collect(statement, of: query)
        }
    }

    /// The columns of a statement over views.
    ///
    /// - Throws: ``StatementFault`` for what would be refused.
    func inspect(_ sql: SQL, over views: ScopedViews, isFiltered: Bool) throws -> [ScopedColumn] {
        try place(views, isFiltered: isFiltered)
        let prepared = StatementText(sql, for: .sqlite)
        scoping.gate = ScopeGate(views: views, tables: scoping.tables)
        defer { scoping.gate = nil }
        do {
            let statement = try prepare(prepared.text)
            guard statement.isReadOnly else { throw StatementFault("it does more than read") }
            guard statement.parametersTotal == prepared.values.count else {
                throw StatementFault("it has parameters of its own")
            }
            return statement.columns.map { ScopedColumn(name: $0, kind: nil) }
        } catch let error as StorageError {
            guard case .statement(let message) = error else { throw error }
            let offset = Int(sqlite3_error_offset(database))
            throw StatementFault(
                scoping.gate?.refusal ?? Self.clause(message, of: prepared.text),
                at: offset < 0 ? nil : PartPlace.of(offset, in: sql))
        }
    }

    /// Called by SQLite's authorizer.
    func lets(_ action: Int32, _ first: String?, _ second: String?, reader: String?) -> Bool {
        scoping.gate?.allows(action, first, second, reader: reader) ?? true
    }

    private func gated<Output>(by views: ScopedViews, _ work: () throws -> Output) throws -> Output {
        scoping.gate = ScopeGate(views: views, tables: scoping.tables)
        defer { scoping.gate = nil }
        do {
            return try work()
        } catch let error as StorageError {
            guard case .statement = error, let refusal = scoping.gate?.refusal else { throw error }
            throw StorageError.statement(refusal)
        }
    }

    /// Puts the views in place, unless they are there. Statements prepared over others are let go of.
    private func place(_ views: ScopedViews, isFiltered: Bool) throws(StorageError) {
        if scoping.views?.version == views.version, scoping.isFiltered == isFiltered { return }
        scoping.statements = StatementCache()
        if let old = scoping.views { try executeScript(old.removal) }
        scoping.views = nil
        scoping.tables = Set(try rows("SELECT name FROM sqlite_schema").compactMap { $0.text(0)?.lowercased() })
        try executeScript(views.script(isFiltered: isFiltered))
        scoping.views = views
        scoping.isFiltered = isFiltered
    }

    private func scopedStatement(_ text: String) throws(StorageError) -> Statement {
        if let kept = scoping.statements.find(text) { return kept }
        let statement = try prepare(text)
        guard statement.isReadOnly else { throw .statement("it does more than read: \(text)") }
        scoping.statements.keep(statement)
        return statement
    }

    private func collect(_ statement: Statement, of query: ScopedQuery) throws -> Rows {
        var cells: [Value] = []
        var (rowsTotal, bytesTotal) = (0, 0)
        while try step(statement) == SQLITE_ROW {
            rowsTotal += 1
            guard rowsTotal <= query.rowsMax else { throw ScopedOverflow.rows(max: query.rowsMax) }
            let cellsBefore = cells.count
            try statement.appendRow(to: &cells, columnsTotal: statement.columns.count)
            bytesTotal += cells[cellsBefore...].reduce(0) { $0 + $1.scopedBytes }
            guard bytesTotal <= query.bytesMax else { throw ScopedOverflow.bytes(max: query.bytesMax) }
        }
        // SQLite looks after its caller between two steps only.
        if current?.isOver == true { throw StorageError.timedOut }
        return Rows(columns: statement.columns, cells: cells, encoding: .scaled)
    }

    /// The scope itself and the statement have room in it.
    private static let lengthMin = 4 << 20

    private static func list(_ accounts: [String]) -> String {
        var json = JSONWriter()
        json.array(of: accounts) { $0.string($1) }
        return json.text
    }

    /// SQLite's words without the statement that ``check(_:in:)`` adds.
    private static func clause(_ message: String, of text: String) -> String {
        let end = " in: \(text)"
        return message.hasSuffix(end) ? String(message.dropLast(end.count)) : message
    }

    /// The function `concord_scope()`, which views ask. - Returns: The result code.
    static func registerScope(on database: OpaquePointer, _ own: UnsafeMutableRawPointer) -> Int32 {
        sqlite3_create_function_v2(
            database, "concord_scope", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, own,
            { context, _, _ in
                guard let own = sqlite3_user_data(context) else { return }
                let accounts = Unmanaged<Connection>.fromOpaque(own).takeUnretainedValue().scoping.accounts
                sqlite3_result_text(context, accounts, -1, concord_sqlite_transient())
            }, nil, nil, nil)
    }
}
