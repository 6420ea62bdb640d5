import CLibpq
import Glibc
import PluginAPI
import StorageWork

/// Several reads in one round trip.
///
/// One mark of the protocol stands behind all of them, so that they share a transaction of the server's. Sessions are `read
/// committed`: every statement sees what is committed when it begins. What the transaction's begin decides is shared, its
/// time and how long tables stay locked against changes of the schema. When one fails the server leaves out those behind it.
extension Connection {
    /// What a read would send, if its statement is prepared and was quick last time.
    func entry(for job: ReadJob) -> ReadBatch.Entry? {
        guard let statement = statements.find(job.statement.text), statement.isQuick,
            statement.takes(job.statement.values),
            let parameters = try? Parameters(job.statement.values, of: job.statement.text)
        else { return nil }
        return ReadBatch.Entry(job: job, statement: statement, parameters: parameters)
    }

    /// Sends the reads together and answers each, but for those that are given back and for one that went wrong in a way
    /// that may be remedied, which is left in the batch.
    func read(_ batch: ReadBatch) {
        begin()
        batch.begin(at: .now)
        do {
            let (wait, errors) = try exchange(batch)
            // Outside the pipeline, where a late cancellation can be let hit an empty statement.
            try settle(wait, errors)
        } catch {
            batch.giveBackRest()
            if let job = batch.current?.job { batch.unfinished = (job, error) }
        }
    }

    private func exchange(_ batch: ReadBatch) throws(ServerFailure) -> (wait: ServerWait, errors: [Answer]) {
        guard PQenterPipelineMode(handle) == 1 else { throw noted(.lost(lastMessage)) }
        defer {
            batch.tell()
            if PQexitPipelineMode(handle) != 1 { markBroken() }
        }
        if !batch.entries.allSatisfy(\.statement.isBrief) { onDelay() }
        var wait = ServerWait(giveUpAt: .now + statementMax, batch: batch)
        for entry in batch.entries {
            let (name, valuesTotal) = (entry.statement.name, Int32(entry.statement.parameterTypes.count))
            let isSent = entry.parameters.lend { PQsendQueryPrepared(handle, name, valuesTotal, $0, $1, $2, 1) }
            // The server keeps an answer until it is asked for what it has: a quick read would wait for those behind it.
            guard isSent == 1, PQsendFlushRequest(handle) == 1 else { throw noted(.lost(lastMessage)) }
        }
        guard PQpipelineSync(handle) == 1 else { throw noted(.lost(lastMessage)) }
        try flush(&wait)
        return try collect(batch, wait)
    }

    private func collect(
        _ batch: ReadBatch, _ begun: ServerWait
    ) throws(ServerFailure) -> (wait: ServerWait, errors: [Answer]) {
        var wait = begun
        var errors: [Answer] = []
        let begin = ContinuousClock.now
        var start = begin
        var answersTotal = 0
        var firstTook = Duration.zero
        while true {
            current = batch.current.map { $0.job?.caller ?? Abandoned.caller }
            if PQisBusy(handle) == 1 {
                batch.tell()
                // How long the first takes says how far away the server is, and is measured without a wait of our own.
                if answersTotal > 0 { try gather(batch) }
                try awaitInput(&wait)
            }
            guard let next = PQgetResult(handle) else {
                // Nothing separates the answers of one read from those of the next; nothing follows a lost connection.
                if PQstatus(handle) == CONNECTION_BAD { throw noted(.lost(lastMessage)) }
                continue
            }
            let answer = Answer(next)
            if answer.status == PGRES_PIPELINE_SYNC { return (wait, errors) }
            guard let entry = batch.current else { continue }
            let end = ContinuousClock.now
            if answer.isError { errors.append(answer) }
            // A cancellation may hit the next one instead, and the server leaves out what is behind an error.
            if wait.cancel != nil || answer.isError {
                batch.tell()
                batch.giveBackRest()
            }
            answersTotal += 1
            if answersTotal == 1 { firstTook = end - begin }
            // What is read late has come with others: their mean says how long each took, where the way there is short.
            let mean = (end - begin) / answersTotal
            if !answer.isError { entry.statement.took(end - start, usually: max(firstTook, mean)) }
            if let job = entry.job, let failure = finish(job, entry.statement, answer, in: batch) {
                batch.unfinished = (job, failure)
            }
            batch.advance(at: end)
            start = end
            wait.next(at: end, giveUpAt: end + (wait.cancel == nil ? statementMax : Self.cancelMax))
        }
    }

    /// Answers a read. - Returns: What went wrong, if it may be remedied; it has no answer then.
    private func finish(
        _ job: ReadJob, _ statement: PreparedStatement, _ answer: Answer, in batch: ReadBatch
    ) -> ServerFailure? {
        if answer.isLarge { batch.tell() }
        return job.answer {
            batch.keep($0, of: answer.bytesTotal, for: job)
        } _: { () throws(ServerFailure) in
            let answer = try check([answer], text: statement.text, isReading: true)
            return try rows((statement, answer))
        }
    }

    /// Lets a few brief answers come together, for a moment: to be woken for each costs as much as to read it.
    ///
    /// A socket of the file system is readable whatever its low-water mark says.
    private func gather(_ batch: ReadBatch) throws(ServerFailure) {
        guard !isOfFileSystem, let bytes = batch.gatherBytes else { return }
        setLowWaterMark(bytes)
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, Connection.gatherMilliseconds)
        setLowWaterMark(1)
        guard PQconsumeInput(handle) == 1 else { throw noted(.lost(lastMessage)) }
    }

    private var isOfFileSystem: Bool {
        let first = PQhost(handle).map { UInt8(bitPattern: $0.pointee) }
        // `@` begins a name that is in no folder.
        return first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
    }

    /// How long an answer may wait for those behind it, in milliseconds.
    private static let gatherMilliseconds: Int32 = 1

    /// Sets how many bytes must have come for the socket to count as readable.
    private func setLowWaterMark(_ bytesTotal: Int) {
        var bytes = Int32(clamping: bytesTotal)
        setsockopt(PQsocket(handle), SOL_SOCKET, SO_RCVLOWAT, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// Nobody waits for what runs.
private final class Abandoned: Interruptible {
    static let caller = Abandoned()
    var isOver: Bool { true }
}
