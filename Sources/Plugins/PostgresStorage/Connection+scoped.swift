import CLibpq
import PluginAPI
import StorageWork

/// Statements of people who are not trusted.
extension Connection {
    /// Begins a transaction that reads and finds views first.
    ///
    /// - Parameter timeout: How long the server lets a statement run, when that is shorter than ever.
    func begin(searchPath: String, timeout: Duration?) throws(ServerFailure) {
        try begin(
            timeout: timeout, mode: "READ ONLY", settings: "; SET LOCAL search_path = \(searchPath)")
    }

    /// Runs a statement as a role that may only read views, for the rest of the transaction.
    ///
    /// - Throws: ``ServerFailure`` or ``ScopedOverflow``.
    func rows(_ query: ScopedQuery) throws -> Rows {
        let accounts = if case .accounts(let accounts) = query.scope { accounts.joined(separator: " ") } else { "" }
        let (setting, role) = (ScopedSchema.setting, ScopedSchema.role(isFiltered: query.scope != .platform))
        _ = try rows("SELECT set_config(\(setting), \(accounts), true), set_config('role', \(role), true)")
        let spelled = StatementText(query.sql, for: .postgres)
        let statement = try statement(spelled.text, spelled.values)
        let parameters = try parameters(spelled.values, of: spelled.text)
        guard current?.isOver != true else { throw noted(ServerFailure(error: .timedOut)) }
        let isSent = parameters.lend {
            PQsendQueryPrepared(handle, statement.name, Int32(spelled.values.count), $0, $1, $2, 1)
        }
        // A row at a time, so that too many are never held.
        guard isSent == 1, PQsetSingleRowMode(handle) == 1 else { throw noted(.lost(lastMessage)) }
        return try collect(statement, of: query)
    }

    private func collect(_ statement: PreparedStatement, of query: ScopedQuery) throws -> Rows {
        var wait = ServerWait(giveUpAt: .now + statementMax)
        try flush(&wait)
        var answers: [Answer] = []
        var collected = ScopedCells(query)
        while true {
            try awaitInput(&wait)
            guard let next = PQgetResult(handle) else { break }
            let answer = Answer(next)
            if answer.status != PGRES_SINGLE_TUPLE {
                answers.append(answer)
            } else if collected.overflow == nil {
                try collected.append(answer, of: statement)
                // The rest of the answer is let pass.
                if collected.overflow != nil { wait.cancel = ServerCancel.send(to: handle) }
            }
        }
        try settle(wait, answers)
        if let overflow = collected.overflow { throw overflow }
        let last = try check(answers, text: statement.text, isReading: true)
        return Rows(columns: try statement.columns(of: last).names, cells: collected.cells, encoding: .native)
    }
}

/// The cells of an answer that may not become too large.
private struct ScopedCells {
    private let query: ScopedQuery
    private(set) var cells: [Value] = []
    private(set) var overflow: ScopedOverflow?
    private var rowsTotal = 0
    private var bytesTotal = 0

    init(_ query: ScopedQuery) {
        self.query = query
    }

    mutating func append(_ answer: Answer, of statement: PreparedStatement) throws {
        rowsTotal += 1
        if rowsTotal > query.rowsMax { return overflow = .rows(max: query.rowsMax) }
        let cellsBefore = cells.count
        try answer.appendRows(to: &cells, in: statement.columns(of: answer), of: statement.text)
        bytesTotal += cells[cellsBefore...].reduce(0) { $0 + $1.scopedBytes }
        if bytesTotal > query.bytesMax { overflow = .bytes(max: query.bytesMax) }
    }
}
