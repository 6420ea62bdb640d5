import PluginAPI
import StorageWork

@testable import PostgresStorage

/// Two workers and a queue, without the pool that would decide who does what.
///
/// `@unchecked Sendable`: each worker is used by one thread at a time, which the tests wait for.
final class WorkBench: @unchecked Sendable {
    let queue: JobQueue<any Job>
    let worker: Worker
    let other: Worker
    private let target: Target

    /// - Parameter thrift: Which jobs are left to threads at work; `nil` for none.
    init(_ database: TestDatabase, thrift: JobThrift<any Job>? = nil) {
        queue = JobQueue(thrift: thrift)
        target = Target(url: Secret(database.url), statementTimeout: .seconds(30))
        let (target, queue) = (target, queue)
        func worker() -> Worker {
            Worker(target: target, backoff: Backoff(), meter: ConnectionMeter(nil), queue: queue)
        }
        (self.worker, other) = (worker(), worker())
    }

    /// A connection that is nobody's.
    func connection() throws -> Connection { try Connection(to: target, for: nil) }

    /// Runs a read by itself, so that its statement is prepared, and has taken no time, whatever the machine has to do.
    func prepare(_ sql: SQL) async throws {
        try await run(sql)
        worker.connection?.statements.find(StatementText(sql, for: .postgres).text)?.took(.zero)
    }

    /// Runs a read by itself.
    func run(_ sql: SQL) async throws {
        let waiting = await wait(for: [sql])
        worker.carryOut(taken(1))
        _ = try await waiting.rows()
    }

    /// Queues reads in their order.
    func wait(for reads: [SQL], deadline: ContinuousClock.Instant? = nil) async -> WaitingReads {
        var answers: [Task<WaitingReads.Answer, Never>] = []
        for read in reads {
            let (call, queue) = (WaitingReads.call(deadline: deadline), queue)
            let job = ReadJob(statement: StatementText(read, for: .postgres), call: call)
            answers.append(await WaitingReads.begin(call) { queue.append(job).refusal })
        }
        return WaitingReads(all: answers)
    }

    /// Waits for jobs and takes as many as there are, up to `countMax`.
    func taken(_ countMax: Int) -> [any Job] {
        let nobody = JobTaker()
        defer { _ = queue.delayed(nobody) }
        return queue.take(as: nobody, atMost: countMax, patience: 30)
    }

    /// Has the other worker do what comes, until the queue is closed. It waits when this returns.
    func idleThread() throws -> WorkerThread {
        let thread = try WorkerThread { [self] in
            while case let jobs = other.take(atMost: 4, patience: 30), !jobs.isEmpty { other.carryOut(jobs) }
        }
        while queue.idleTotal == 0 {}
        return thread
    }

    /// Carries out what was put back, one after the other.
    func carryOutRest(by worker: Worker) {
        for job in queue.remove(where: { _ in true }) { worker.carryOut(job) }
    }
}

/// Callers who wait for their reads.
struct WaitingReads {
    typealias Answer = Result<Rows, StorageError>

    var all: [Task<Answer, Never>]

    static func call(deadline: ContinuousClock.Instant? = nil) -> Call<Answer> {
        Call(deadline: deadline) { .failure($0) }
    }

    /// Lets a caller wait; it does when this returns.
    static func begin(
        _ call: Call<Answer>, submit: @escaping @Sendable () -> StorageError?
    ) async -> Task<Answer, Never> {
        let begun = Tally()
        let task = Task {
            await call.answer {
                defer { _ = begun.next() }
                return submit()
            }
        }
        while begun.total == 0 { await Task.yield() }
        return task
    }

    func answers() async -> [Answer] {
        var answers: [Answer] = []
        for task in all { answers.append(await task.value) }
        return answers
    }

    func rows() async throws -> [Rows] { try await answers().map { try $0.get() } }
}
