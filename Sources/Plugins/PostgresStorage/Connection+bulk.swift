import CLibpq
import PluginAPI
import StorageWork

extension Connection {
    /// Rows that share one round trip. Few enough that what a batch takes in memory does not matter.
    private static let batchRowsMax = 500

    /// Runs one statement for each row of values: a plain insert of many rows by `COPY`, everything else many in each round
    /// trip.
    func executeMany(_ statement: String, _ rows: [[Value]]) throws(ServerFailure) {
        let (text, parametersTotal) = StatementWords.numbered(statement)
        if let short = rows.first(where: { $0.count != parametersTotal }) {
            let detail = "\(parametersTotal) parameters and \(short.count) values in: \(statement)"
            throw noted(ServerFailure(error: .statement(detail)))
        }
        if try copyMany(statement, rows) { return }
        var rest = rows[...]
        while let first = rest.first {
            let prepared = try self.statement(text, first)
            let batch = rest.prefix(Self.batchRowsMax).prefix { prepared.takes($0) }
            try send(Array(batch), to: prepared)
            rest = rest.dropFirst(batch.count)
        }
    }

    /// One batch in libpq's pipeline mode: the server answers every statement, then the mark behind them.
    private func send(_ batch: [[Value]], to statement: PreparedStatement) throws(ServerFailure) {
        let batch = try batch.map { values throws(ServerFailure) in try parameters(values, of: statement.text) }
        if current?.isOver == true { throw noted(ServerFailure(error: .timedOut)) }
        guard PQenterPipelineMode(handle) == 1 else { throw noted(.lost(lastMessage)) }
        defer { if PQexitPipelineMode(handle) != 1 { markBroken() } }
        var wait = ServerWait(giveUpAt: .now + statementMax)
        let parametersTotal = Int32(statement.parameterTypes.count)
        for values in batch {
            let isSent = values.lend {
                PQsendQueryPrepared(handle, statement.name, parametersTotal, $0, $1, $2, 1)
            }
            guard isSent == 1 else { throw noted(.lost(lastMessage)) }
            try flush(&wait)
        }
        guard PQpipelineSync(handle) == 1 else { throw noted(.lost(lastMessage)) }
        try flush(&wait)
        try collect(&wait, of: statement)
    }

    private func collect(_ wait: inout ServerWait, of statement: PreparedStatement) throws(ServerFailure) {
        var failed: Answer?
        while true {
            try awaitInput(&wait)
            guard let next = PQgetResult(handle) else {
                // Nothing separates the answers of one statement from those of the next; nothing follows a lost connection.
                if PQstatus(handle) == CONNECTION_BAD { throw noted(.lost(lastMessage)) }
                continue
            }
            let answer = Answer(next)
            if answer.status == PGRES_PIPELINE_SYNC { break }
            if answer.isError, failed == nil { failed = answer }
        }
        try settle(wait, failed.map { [$0] } ?? [])
        if let failed { try check([failed], text: statement.text) }
    }
}
