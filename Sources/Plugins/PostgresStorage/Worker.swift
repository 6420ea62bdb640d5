import Glibc
import PluginAPI
import StorageWork

/// A thread's work: jobs, one after the other, on the connection it keeps.
final class Worker {
    /// Attempts at a job that others are in the way of.
    private static let attemptsMax = 10

    private let target: Target
    private let backoff: Backoff
    private let meter: ConnectionMeter
    private let queue: JobQueue<any Job>
    private let grow: () -> Void
    private let taker = JobTaker()
    private(set) var connection: Connection?

    /// - Parameter grow: Has one more thread take jobs, if there may be one more.
    init(
        target: Target, backoff: Backoff, meter: ConnectionMeter, queue: JobQueue<any Job>,
        grow: @escaping () -> Void = {}
    ) {
        self.target = target
        self.backoff = backoff
        self.meter = meter
        self.queue = queue
        self.grow = grow
    }

    /// Waits for jobs; empty when none came within `patience` seconds, or none will come.
    ///
    /// - Parameter countMax: Of reads that may be carried out together.
    func take(atMost countMax: Int, patience: Int) -> [any Job] {
        queue.take(as: taker, atMost: countMax, patience: patience) { $0.asRead != nil }
    }

    /// What is carried out takes its time: nothing waits for this thread meanwhile.
    private func delay() {
        if queue.delayed(taker) { grow() }
    }

    private func putBack(_ jobs: some Collection<any Job>) {
        if queue.putBack(jobs) { grow() }
    }

    /// Does a job, again if need be, and sees to it that its caller gets an answer.
    func carryOut(_ job: any Job) {
        guard job.begin(), let failure = attempt(job) else { return }
        remedy(failure, of: job)
    }

    /// Does the first of the jobs, in one round trip with those behind it that are fit for it. The others go back.
    func carryOut(_ jobs: [any Job]) {
        guard let first = jobs.first else { return }
        let entries = jobs.count > 1 ? entries(of: jobs) : []
        guard entries.count > 1, let connection else {
            putBack(jobs.dropFirst())
            return carryOut(first)
        }
        putBack(jobs.dropFirst(entries.count))
        let batch = ReadBatch(entries) { jobs in
            self.delay()
            self.putBack(jobs)
        }
        working(on: connection) { connection.read(batch) }
        if let (job, failure) = batch.unfinished { remedy(failure, of: job) }
    }

    /// The reads at the jobs' front that can travel together.
    private func entries(of jobs: [any Job]) -> [ReadBatch.Entry] {
        var entries: [ReadBatch.Entry] = []
        for job in jobs {
            guard let entry = job.asRead.flatMap({ connection?.entry(for: $0) }) else { break }
            entries.append(entry)
        }
        return entries
    }

    /// Tries again what may go well then, and tells the caller if it does not.
    private func remedy(_ first: ServerFailure, of job: any Job) {
        delay()
        var failure = first
        for attempts in 1... {
            let attemptsMax = failure.remedy == .again ? Self.attemptsMax : 2
            guard failure.remedy != .none, attempts < attemptsMax, !job.caller.isOver else {
                return job.refuse(job.caller.isOver ? .timedOut : failure.error)
            }
            switch failure.remedy {
            // Two that met once would meet again without a pause of different length.
            case .again: usleep(UInt32.random(in: 500...5_000) * UInt32(attempts))
            case .prepareAgain: connection?.forgetStatements()
            case .reconnect, .none: break
            }
            guard let next = attempt(job) else { return }
            failure = next
        }
    }

    /// Lets go of a connection that was cut while nobody used it, which may stay so for long: the thread that was used last is
    /// used next.
    func lookAfterIdle() {
        if connection?.isCut == true { disconnect() }
    }

    func disconnect() {
        guard connection != nil else { return }
        connection = nil
        meter.closed(1)
    }

    private func attempt(_ job: any Job) -> ServerFailure? {
        let connection: Connection
        do {
            connection = try connected(for: job.caller)
        } catch {
            return ServerFailure(error: error.error)
        }
        connection.current = job.caller
        return working(on: connection) { job.attempt(on: connection) }
    }

    /// Counts the connection as busy while `work` uses it, and lets go of one that is broken then.
    private func working<Result>(on connection: Connection, _ work: () -> Result) -> Result {
        defer {
            connection.current = nil
            if connection.isBroken { disconnect() }
        }
        return meter.working(work)
    }

    private func connected(for caller: any Interruptible) throws(ServerFailure) -> Connection {
        if let connection { return connection }
        if let reason = backoff.refusal { throw .lost(reason) }
        delay()
        do {
            let opened = try Connection(to: target, for: caller) { [unowned self] in delay() }
            connection = opened
            meter.opened(1)
            backoff.succeeded()
            return opened
        } catch {
            if error.error != .timedOut { backoff.failed(error.error.reason) }
            throw error
        }
    }
}
