import PluginAPI

/// Takes a broker's statement into the book: its balance rows as flows, its closed rows as closed positions, its open rows
/// as a complete snapshot that is reconciled like any other. All inside the caller's transaction.
///
/// A file that has been taken before changes nothing and is answered as it was then, whatever has come since.
struct StatementImport: Sendable {
    let ingest: SnapshotIngest
    let statement: BrokerStatement
    /// Of the file, as it was read.
    let contentHash: String

    /// - Throws: 422 when the statement is another account's, 409 when it contradicts what is stored.
    func run(_ state: AccountState, in transaction: any Transaction) throws -> IngestResult {
        try checkHeading(state.account)
        let digits = state.account.currencyDigits
        let taken = try transaction.rows(
            "SELECT run FROM statements WHERE account_id = \(state.account.id) AND content_hash = \(contentHash)")
        if let run = taken.first?.json(0) {
            return IngestResult(answer: answer(try IngestAnswer.repeated(run), digits: digits))
        }
        var result = try take(state, in: transaction)
        try transaction.execute(
            """
            INSERT INTO statements (account_id, content_hash, as_of, received_at, run)
            VALUES (\(state.account.id), \(contentHash), \(statement.asOf), \(ingest.now),
            \(json: String(decoding: result.answer, as: UTF8.self)))
            """)
        result.answer = answer(result.answer, digits: digits)
        return result
    }

    private func take(_ state: AccountState, in transaction: any Transaction) throws -> IngestResult {
        let snapshot = Snapshot(
            account: state.account.id, asOf: statement.asOf, completeness: .complete,
            figures: AccountFigures(
                balance: statement.totals.balance, equity: statement.totals.equity, margin: statement.totals.margin,
                credit: statement.totals.credit),
            positions: statement.open.sorted { $0.ticket < $1.ticket })
        try ingest.checkClock(snapshot)
        if state.account.login == nil {
            // From its first statement on an account takes no other broker account's.
            try transaction.execute(
                "UPDATE accounts SET login = \(statement.login) WHERE account_id = \(state.account.id)")
        }
        try FlowStore(account: state.account.id, transaction: transaction).put(statement.flows)
        let closed = try ClosedPositionImport(
            account: state.account.id, asOf: statement.asOf, instruments: ingest.instruments, transaction: transaction
        ).put(statement.closed)
        return try ingest.store(CanonicalSnapshot(snapshot), for: state, alsoClosed: closed, in: transaction)
    }

    private func checkHeading(_ account: Account) throws(Problem) {
        var items: [Problem.Item] = []
        if statement.currency != account.currency {
            items.append(.init(.pointer(""), "heading: the currency is \(statement.currency), not \(account.currency)"))
        }
        if let login = account.login, !login.utf8.elementsEqual(statement.login.utf8) {
            items.append(.init(.pointer(""), "heading: the account is \(statement.login), not \(login)"))
        }
        let open = Set(statement.open.map(\.ticket))
        for row in statement.closed where open.contains(row.position.ticket) {
            items.append(.init(.pointer(""), "ticket \(row.position.ticket) is both open and closed"))
        }
        guard items.isEmpty else {
            throw .unprocessable("The statement is not one of account \(account.id).", errors: items)
        }
    }

    private func answer(_ run: [UInt8], digits: Int) -> [UInt8] {
        let totals = statement.totals
        return StatementAnswer(
            asOf: statement.asOf, open: statement.open.count, closed: statement.closed.count,
            balanceMovements: statement.flows.count, cancelledOrders: statement.cancelledOrders,
            closedPnL: totals.closedPnL, floatingPnL: totals.floatingPnL, balance: totals.balance,
            equity: totals.equity, margin: totals.margin, run: run, digits: digits
        ).bytes
    }
}

/// What the sender of a statement is told. Totals that the file does not state are null.
struct StatementAnswer {
    var asOf: Timestamp
    var open: Int
    var closed = 0
    var balanceMovements = 0
    var cancelledOrders = 0
    var closedPnL: FixedDecimal?
    var floatingPnL: FixedDecimal?
    var balance: FixedDecimal?
    var equity: FixedDecimal?
    var margin: FixedDecimal?
    var run: [UInt8]
    /// Decimals of the account's currency.
    var digits: Int

    var bytes: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("as_of", asOf)
            json.field("open", open)
            json.field("closed", closed)
            json.field("balance_movements", balanceMovements)
            json.field("cancelled_orders", cancelledOrders)
            json.objectField("totals") {
                $0.field("closed_pnl", closedPnL, digits: digits)
                $0.field("floating_pnl", floatingPnL, digits: digits)
                $0.field("balance", balance, digits: digits)
                $0.field("equity", equity, digits: digits)
                $0.field("margin", margin, digits: digits)
            }
            json.key("run")
            json.raw(run)
        }
        return json.bytes
    }
}
