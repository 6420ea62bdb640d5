import CLibpq
import Glibc
import PluginAPI
import StorageWork

/// Waiting for the server without losing sight of the caller.
extension Connection {
    /// How often a waiting thread looks whether its caller is still there, in milliseconds.
    private static let lookEvery: Int32 = 10
    /// The same while the server has not been said to take its time.
    private static let lookFirst: Int32 = 5
    /// How long a cancelled statement may take to end before its connection is given up.
    static let cancelMax = Duration.seconds(1)

    /// Sends something and collects every answer to it.
    ///
    /// - Parameter limit: How long the server may take; as long as a statement may run, unless it is said.
    /// - Throws: ``StorageError/timedOut`` when the caller has gone or the server does not answer, and the connection's loss.
    func exchange(
        limit: Duration? = nil, _ send: (OpaquePointer) -> Int32
    ) throws(ServerFailure) -> [Answer] {
        guard !isBroken else { throw noted(.lost("the connection was given up")) }
        if current?.isOver == true { throw noted(ServerFailure(error: .timedOut)) }
        guard send(handle) == 1 else { throw noted(.lost(lastMessage)) }
        var wait = ServerWait(giveUpAt: .now + (limit ?? statementMax))
        try flush(&wait)
        var answers: [Answer] = []
        while true {
            try awaitInput(&wait)
            guard let next = PQgetResult(handle) else { break }
            let answer = Answer(next)
            answers.append(answer)
            if answer.isCopying {
                markBroken()
                throw noted(ServerFailure(error: .statement("COPY is not for statements")))
            }
        }
        try settle(wait, answers)
        return answers
    }

    /// Waits until the next answer is complete.
    func awaitInput(_ wait: inout ServerWait) throws(ServerFailure) {
        while PQisBusy(handle) == 1 {
            try pause(for: Int16(POLLIN), &wait)
            guard PQconsumeInput(handle) == 1 else { throw noted(.lost(lastMessage)) }
        }
    }

    /// Sends what is waiting to be sent, and takes in what the server says meanwhile, so that neither waits for the other.
    func flush(_ wait: inout ServerWait) throws(ServerFailure) {
        while true {
            let state = PQflush(handle)
            if state == 0 { return }
            guard state == 1 else { throw noted(.lost(lastMessage)) }
            try pause(for: Int16(POLLIN | POLLOUT), &wait)
            guard PQconsumeInput(handle) == 1 else { throw noted(.lost(lastMessage)) }
        }
    }

    /// Waits for the socket, cancels at the server when the caller has gone, and gives up when that does not help.
    private func pause(for events: Int16, _ wait: inout ServerWait) throws(ServerFailure) {
        while true {
            var descriptor = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            let count = poll(&descriptor, 1, wait.isDelayed ? Self.lookEvery : Self.lookFirst)
            let hasFailed = count < 0 && errno != EINTR
            let now = ContinuousClock.now
            // Also while an answer keeps coming in: it may be a long one.
            if wait.noteDelay(at: now) { onDelay() }
            wait.batch?.lookAfter(at: now)
            if count > 0 || hasFailed { return }
            if wait.cancel == nil, current?.isOver == true || now >= wait.giveUpAt {
                wait.cancel = ServerCancel.send(to: handle)
                wait.giveUpAt = now + Self.cancelMax
            } else if wait.cancel != nil, now >= wait.giveUpAt {
                markBroken()
                throw noted(ServerFailure(error: .timedOut))
            }
        }
    }

    /// A cancellation that came too late must not hit the next statement: it is let hit an empty one.
    func settle(_ wait: ServerWait, _ answers: [Answer]) throws(ServerFailure) {
        guard let cancel = wait.cancel else { return }
        guard cancel.isOver(within: Self.cancelMax) else { return markBroken() }
        if answers.contains(where: { $0.sqlState == "57014" }) { return }
        guard PQpipelineStatus(handle) == PQ_PIPELINE_OFF, PQtransactionStatus(handle) == PQTRANS_IDLE else {
            return markBroken()
        }
        let caller = current
        current = nil
        defer { current = caller }
        var empty = ServerWait(giveUpAt: .now + Self.cancelMax)
        guard PQsendQuery(handle, "SELECT 1") == 1 else { return markBroken() }
        try flush(&empty)
        repeat { try awaitInput(&empty) } while PQgetResult(handle).map { PQclear($0) } != nil
    }
}

/// One wait for the server.
struct ServerWait {
    /// How long the server may take until it is said to take its time.
    private static let momentMax = Duration.milliseconds(5)

    /// When to cancel what runs, or, once that was tried, to give the connection up.
    var giveUpAt: ContinuousClock.Instant
    /// The reads that are sent together, if it is them.
    var batch: ReadBatch?
    var cancel: ServerCancel?
    private var begunAt = ContinuousClock.now
    private(set) var isDelayed = false

    init(giveUpAt: ContinuousClock.Instant, batch: ReadBatch? = nil) {
        self.giveUpAt = giveUpAt
        self.batch = batch
    }

    /// What was waited for has come, and the next is waited for. It stays said that the server takes its time.
    mutating func next(at now: ContinuousClock.Instant, giveUpAt: ContinuousClock.Instant) {
        begunAt = now
        self.giveUpAt = giveUpAt
    }

    /// - Returns: Whether it is news that what is waited for takes more than a moment.
    mutating func noteDelay(at now: ContinuousClock.Instant) -> Bool {
        guard !isDelayed, now - begunAt >= Self.momentMax else { return false }
        isDelayed = true
        return true
    }
}
