public import PluginAPI

extension BookModule {
    /// Imports the statement in `request`'s body into the account it names, for its caller: `text/html` is an MT4
    /// statement, `text/csv` or `application/json` a list of open positions, with their time in the rows or in `as_of`.
    /// With `user_id` an account that is not there yet is created in the same transaction.
    ///
    /// - Returns: What the statement held, and the run on its open positions.
    /// - Throws: 404 for an account that the token does not cover, 409 for one without a time zone and for a statement that
    ///   contradicts what is stored, 422 for one that does not add up or is another account's.
    public func importStatement(_ request: Request) async throws -> Reply {
        guard let id = request.text("account_id") else {
            throw Problem.badParameter(
                "account_id", "is needed: a token of an agent or operator has no accounts of its own")
        }
        guard request.caller.mayWrite(account: id) else { throw AccountLock.unknown(id) }
        let stored = try await queries.stored(id, deadline: request.deadline)?.account
        guard let account = try stored ?? NewAccount.described(by: request, id: id) else {
            throw AccountLock.unknown(id)
        }
        let store = try statement(for: account, request)
        let parameters = ["as_of", "user_id", "currency", "time_zone"].compactMap { name in
            request.parameters[name].map { "&\(name)=\($0)" }
        }
        let key = try IdempotencyKey(request, route: "statements?account_id=\(id)\(parameters.joined())")
        let writer = AccountWriter(caller: request.caller, requestID: request.requestID, now: request.now)
        return try await ingest(
            into: id, request, key: key,
            first: { transaction in
                if try AccountLock.take(id, in: transaction) == nil { _ = try writer.put(account, in: transaction) }
            }
        ) { try store($0, $1) }
    }

    /// Reads the file, and says how to store what it holds.
    private func statement(
        for account: Account,
        _ request: Request
    ) throws -> @Sendable (AccountState, any Transaction) throws -> IngestResult {
        let ingest = ingest(request)
        switch request.contentType {
        case "text/html":
            let (statement, hash) = try Self.html(request, for: account)
            return { try StatementImport(ingest: ingest, statement: statement, contentHash: hash).run($0, in: $1) }
        case "text/csv", "application/json":
            let format: FileFormat = request.contentType == "text/csv" ? .csv : .json
            let snapshot = try Self.positions(request, format, for: account)
            return { try PositionListImport(ingest: ingest, snapshot: snapshot).run($0, in: $1) }
        default:
            throw Problem.unsupportedMediaType("A statement is text/html, text/csv or application/json.")
        }
    }

    /// The statement, and a hash of all that it was read from: the file and the zone of its times.
    private static func html(
        _ request: Request,
        for account: Account
    ) throws -> (statement: BrokerStatement, contentHash: String) {
        guard request.time("as_of") == nil else {
            throw Problem.badParameter("as_of", "is for lists of positions only: an HTML statement says its own time")
        }
        guard let name = account.timeZone, let timeZone = TimeZoneRule(parsing: name) else {
            throw Problem.conflict(
                "The account \(account.id) has no time zone, which a statement's times need: put one first.")
        }
        let statement = try refusing { () throws(FileRefused) in
            try MT4Statement.parse(request.body, timeZone: timeZone)
        }
        guard statement.open.count <= SnapshotBody.positionsMax else {
            throw Problem.tooLarge(
                "The statement has \(statement.open.count) open trades; at most \(SnapshotBody.positionsMax) are taken."
            )
        }
        return (statement, ContentHash.of(Array("\(name)\n".utf8) + request.body))
    }

    private static func positions(_ request: Request, _ format: FileFormat, for account: Account) throws -> Snapshot {
        try refusing { () throws(FileRefused) in
            try PositionFile.parse(request.body, format: format, account: account.id, asOf: request.time("as_of"))
        }
    }

    private static func refusing<Content>(_ read: () throws(FileRefused) -> Content) throws(Problem) -> Content {
        do throws(FileRefused) {
            return try read()
        } catch {
            throw Problem(refused: error)
        }
    }
}

extension Problem {
    /// 422 for a file, with every problem and where it stands.
    public init(refused file: FileRefused) {
        self = .unprocessable(
            "The file is refused; nothing of it is stored.",
            errors: file.problems.map { problem in
                let place = [
                    problem.section, problem.line.map { "line \($0)" }, problem.column.map { "column \($0)" },
                ].compactMap { $0 }.joined(separator: ", ")
                return Item(.pointer(""), place.isEmpty ? problem.detail : "\(place): \(problem.detail)")
            })
    }
}
