import CLibpq
import Glibc
import PluginAPI
import StorageWork

/// One connection to the server and the statements it has prepared there.
///
/// It is made and used by one worker thread only. libpq is driven without blocking, so that the thread can look after the
/// caller while the server works.
final class Connection {
    /// The call whose statement runs now; over calls are cancelled at the server.
    var current: (any Interruptible)?
    /// What went wrong first in this transaction or read; it says whether another attempt may help.
    private(set) var failure: ServerFailure?
    /// Nothing more can be asked of it.
    private(set) var isBroken = false

    let handle: OpaquePointer
    /// Told when the server takes more than a moment.
    let onDelay: () -> Void
    /// How long the server may take for one statement before it is cancelled from here.
    private(set) var statementMax: Duration
    private let statementTimeout: Duration
    var statements = StatementCache<PreparedStatement>()
    private var preparedTotal = 0

    /// The protocol counts them in 16 bits.
    private static let valuesMax = 65_535
    /// The server's own limit comes first, so that it is the server that says so.
    private static let grace = Duration.seconds(1)
    /// A migration takes as long as it takes.
    private static let migrationMax = Duration.seconds(86_400)

    /// Connects and sets the session up.
    ///
    /// - Parameters:
    ///   - call: Whose job it is; a caller who gives up ends the attempt.
    ///   - onDelay: Told, any number of times, when the server takes more than a moment for what it is asked, or will.
    init(
        to target: Target, for call: (any Interruptible)?, onDelay: @escaping () -> Void = {}
    ) throws(ServerFailure) {
        self.onDelay = onDelay
        handle = try Connection.open(target, for: call)
        statementTimeout = target.statementTimeout
        statementMax = target.statementTimeout + Connection.grace
        current = call
        PQsetnonblocking(handle, 1)
        // Notices are for people at a terminal.
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        _ = try check(
            exchange(limit: Target.connectMax) { PQsendQuery($0, target.settings) }, text: "the session's settings")
    }

    deinit { PQfinish(handle) }

    /// Whether the server refuses everything but the end of the transaction.
    var hasFailedTransaction: Bool { PQtransactionStatus(handle) == PQTRANS_INERROR }

    /// Whether a transaction is open, failed or not.
    var isInTransaction: Bool {
        let status = PQtransactionStatus(handle)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    /// Whether the other end is gone, of a connection that waits for nothing.
    var isCut: Bool {
        while true {
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            // The server's last words come before the end.
            guard poll(&descriptor, 1, 0) > 0 else { return false }
            guard PQconsumeInput(handle) == 1 else { return true }
            _ = PQisBusy(handle)
        }
    }

    /// Runs one reading statement by itself.
    func read(_ statement: StatementText) throws(ServerFailure) -> Rows {
        begin()
        return try rows(run(statement, isReading: true))
    }

    func rows(_ sql: SQL) throws(ServerFailure) -> Rows {
        try rows(run(StatementText(sql, for: .postgres)))
    }

    func rows(_ answered: Answered) throws(ServerFailure) -> Rows {
        if answered.answer.isLarge { onDelay() }
        do {
            return try answered.statement.rows(of: answered.answer)
        } catch {
            throw noted(ServerFailure(error: error))
        }
    }

    /// - Returns: How many rows it changed.
    func execute(_ sql: SQL) throws(ServerFailure) -> Int {
        try run(StatementText(sql, for: .postgres)).answer.changesTotal
    }

    /// Runs statements without parameters, in one exchange.
    func executeScript(_ script: String) throws(ServerFailure) {
        try steer(script)
    }

    /// Begins a transaction.
    ///
    /// - Parameters:
    ///   - timeout: How long the server lets each statement run, when that is shorter than ever.
    ///   - mode: How the server lets it access the database.
    ///   - settings: More statements behind the beginning, each after a semicolon.
    func begin(timeout: Duration?, mode: String = "READ WRITE", settings: String = "") throws(ServerFailure) {
        begin()
        let limit = timeout.map { timeout in
            "; SET LOCAL statement_timeout = \(max(1, min(timeout, statementTimeout).wholeMicroseconds / 1_000))"
        }
        try steer("BEGIN \(mode)" + (limit ?? "") + settings)
    }

    /// Begins a transaction that waits for its turn under an advisory lock and has no limit of time.
    func begin(lock: Int64) throws(ServerFailure) {
        begin()
        statementMax = Connection.migrationMax
        try steer(
            """
            BEGIN READ WRITE; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
            SELECT pg_advisory_xact_lock(\(lock))
            """)
    }

    /// Begins a transaction that reads what is stored at one moment and has no limit of time, nor of silence: it may lend
    /// its snapshot to a program that works for hours.
    func beginSnapshot() throws(ServerFailure) {
        begin()
        statementMax = Connection.migrationMax
        try steer(
            """
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;
            SET LOCAL idle_in_transaction_session_timeout = 0
            """)
    }

    /// Commits. Once sent it is not cancelled: the caller learns what became of it.
    ///
    /// - Throws: A failure without remedy when the connection was lost on the way, because the server may have committed.
    func commit() throws(ServerFailure) {
        current = nil
        do {
            try steer("COMMIT")
        } catch {
            guard error.remedy == .reconnect || error.error == .timedOut else { throw error }
            isBroken = true
            let reason = "whether the transaction was committed is not known: \(error.error.reason)"
            throw ServerFailure(error: .unavailable(reason: reason))
        }
    }

    func rollBack() {
        current = nil
        guard !isBroken, isInTransaction else { return }
        do {
            try steer("ROLLBACK")
        } catch {
            isBroken = true
        }
    }

    /// Forgets every prepared statement, here and at the server.
    func forgetStatements() {
        statements = StatementCache()
        do {
            try steer("DEALLOCATE ALL")
        } catch {
            isBroken = true
        }
    }

    /// Forgets what happened before.
    func begin() {
        failure = nil
        statementMax = statementTimeout + Connection.grace
    }

    /// One exchange of text without values.
    private func steer(_ text: String) throws(ServerFailure) {
        let spelled = StatementWords.spelled(text)
        try check(exchange { PQsendQuery($0, spelled) }, text: text)
    }

    /// Notes a connection that cannot be used any more.
    func markBroken() { isBroken = true }
}

// MARK: - Statements

extension Connection {
    typealias Answered = (statement: PreparedStatement, answer: Answer)

    private func run(
        _ spelled: StatementText, isReading: Bool = false
    ) throws(ServerFailure) -> Answered {
        let (text, values) = (spelled.text, spelled.values)
        guard values.count <= Connection.valuesMax else {
            throw noted(ServerFailure(error: .statement("\(values.count) values in one statement: \(text)")))
        }
        let statement = try statement(text, values)
        let parameters = try parameters(values, of: text)
        if !statement.isBrief { onDelay() }
        let start = ContinuousClock.now
        let answers = try exchange { connection in
            parameters.lend {
                PQsendQueryPrepared(connection, statement.name, Int32(values.count), $0, $1, $2, 1)
            }
        }
        statement.took(.now - start)
        return (statement, try check(answers, text: text, isReading: isReading))
    }

    /// The statement prepared for values like these.
    func statement(_ text: String, _ values: [Value]) throws(ServerFailure) -> PreparedStatement {
        if let kept = statements.find(text), kept.takes(values) { return kept }
        if StatementWords.steersTransactions(text) {
            throw noted(ServerFailure(error: .statement("begins or ends a transaction: \(text)")))
        }
        let statement = try prepare(text, values)
        for dropped in statements.keep(statement) { try executeScript("DEALLOCATE \(dropped.name)") }
        return statement
    }

    private func prepare(_ text: String, _ values: [Value]) throws(ServerFailure) -> PreparedStatement {
        preparedTotal += 1
        let name = "s\(preparedTotal)"
        let declared = values.map(ServerType.of)
        let spelled = StatementWords.spelled(text)
        try check(exchange { PQsendPrepare($0, name, spelled, Int32(declared.count), declared) }, text: text)
        guard declared.contains(ServerType.unknown) else {
            return PreparedStatement(text: text, name: name, parameterTypes: declared)
        }
        let described = try check(exchange { PQsendDescribePrepared($0, name) }, text: text)
        return PreparedStatement(text: text, name: name, parameterTypes: described.parameterTypes)
    }

    func parameters(_ values: [Value], of text: String) throws(ServerFailure) -> Parameters {
        do {
            return try Parameters(values, of: text)
        } catch {
            throw noted(ServerFailure(error: error))
        }
    }

    /// The last of the answers, unless one of them is an error.
    @discardableResult
    func check(_ answers: [Answer], text: String, isReading: Bool = false) throws(ServerFailure) -> Answer {
        if let error = answers.first(where: \.isError) {
            throw noted(
                ServerFailure(
                    sqlState: error.sqlState, message: error.message, text: text, isReading: isReading,
                    sourceFile: error.sourceFile
                ).at(error.position))
        }
        guard let last = answers.last else { throw noted(.lost(lastMessage)) }
        return last
    }

    /// Remembers the first failure, which the later ones follow from, unless a later one can be remedied.
    func noted(_ failure: ServerFailure) -> ServerFailure {
        if failure.remedy == .reconnect { isBroken = true }
        if self.failure == nil || (self.failure?.remedy == ServerFailure.Remedy.none && failure.remedy != .none) {
            self.failure = failure
        }
        return failure
    }

    /// libpq's last words on this connection.
    var lastMessage: String { Connection.lastMessage(handle) }
}
