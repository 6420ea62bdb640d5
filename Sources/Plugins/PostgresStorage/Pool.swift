import Glibc
import PluginAPI
import StorageWork
import Synchronization

/// Threads with a connection each, behind one queue.
///
/// There are as many as are needed at once: `sizeMin` stay, up to `overflowMax` more come when all are busy and go after a
/// few idle seconds. A job waits for its turn for a bounded time.
final class Pool: Sendable {
    /// How many connections there may be.
    struct Size {
        /// Connections that stay once they were needed.
        var sizeMin: Int
        /// Connections beyond those for times of need.
        var overflowMax: Int

        var total: Int { sizeMin + overflowMax }
    }

    private struct State {
        var threads: [Int: WorkerThread] = [:]
        var threadsTotal = 0
        var startedTotal = 0
        var isClosing = false
    }

    /// Seconds after which an idle thread too many ends.
    private static let idleMax = 5
    /// Reads that may wait for each other on one connection while others wait in the queue.
    private static let togetherMax = 32
    /// How long the oldest read may have waited for a thread that is at work, when another comes while one is idle.
    private static let thriftMax = Duration.milliseconds(10)

    private let target: Target
    private let size: Size
    private let waitMax: Duration
    private let meter: ConnectionMeter
    private let backoff = Backoff()
    /// Reads are left to as many threads as there are processors while they get on with them.
    private let queue = JobQueue<any Job>(
        thrift: JobThrift(
            takersMax: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))), waitMax: Pool.thriftMax,
            isThrifty: { $0.asRead != nil }, queuedAt: \.queuedAt))
    private let state = Mutex(State())

    /// - Parameter waitMax: How long a job may wait for a connection.
    init(target: Target, size: Size, waitMax: Duration, meter: ConnectionMeter) throws(ModuleError) {
        self.target = target
        self.size = size
        self.waitMax = waitMax
        self.meter = meter
        _ = try WorkerThread { self.watch() }
    }

    /// Whether every connection there may be is there and has work.
    var isExhausted: Bool { !queue.hasIdleTaker && state.withLock { $0.threadsTotal } >= size.total }

    /// Queues a job. - Returns: Why it was refused, or `nil`.
    func submit(_ job: any Job) -> StorageError? {
        let (refusal, isShortOfTakers) = queue.append(job)
        if isShortOfTakers { grow() }
        return refusal
    }

    /// Lets the threads finish what is queued and closes their connections.
    func close() async {
        let threads = state.withLock { state in
            state.isClosing = true
            return Array(state.threads.values)
        }
        queue.close()
        for thread in threads { await thread.join() }
        for job in queue.remove(where: { _ in true }) {
            job.refuse(.unavailable(reason: "the database is being closed"))
        }
    }

    /// Starts one more thread, if there may be one more.
    private func grow() {
        state.withLock { state in
            guard state.threadsTotal < size.total, !state.isClosing else { return }
            let id = state.startedTotal
            // A thread that cannot be started leaves its job to those there are, or to the end of its wait.
            guard let thread = try? WorkerThread({ self.work(as: id) }) else { return }
            state.startedTotal += 1
            state.threadsTotal += 1
            state.threads[id] = thread
        }
    }

    private func work(as id: Int) {
        let worker = Worker(target: target, backoff: backoff, meter: meter, queue: queue) { [unowned self] in grow() }
        repeat {
            while true {
                let jobs = worker.take(atMost: Self.togetherMax, patience: Self.idleMax)
                if jobs.isEmpty { break }
                worker.carryOut(jobs)
            }
            worker.lookAfterIdle()
        } while !retires(id)
        worker.disconnect()
    }

    /// Whether an idle thread ends, because there are more than need be.
    private func retires(_ id: Int) -> Bool {
        let thread: WorkerThread? = state.withLock { state in
            guard !state.isClosing, state.threadsTotal > size.sizeMin else { return nil }
            state.threadsTotal -= 1
            return state.threads.removeValue(forKey: id)
        }
        guard let thread else { return state.withLock { $0.isClosing } }
        // What came before there was room for another thread had none woken.
        return queue.needsNoMore || !returns(id, thread)
    }

    /// - Returns: Whether there is still room for the thread.
    private func returns(_ id: Int, _ thread: WorkerThread) -> Bool {
        state.withLock { state in
            guard !state.isClosing, state.threadsTotal < size.total else { return false }
            state.threadsTotal += 1
            state.threads[id] = thread
            return true
        }
    }

    /// Answers those who wait for a connection for too long, and those who have gone.
    private func watch() {
        while !state.withLock({ $0.isClosing }) {
            usleep(50_000)
            let latest = ContinuousClock.now - waitMax
            for job in queue.remove(where: { $0.caller.isOver || $0.queuedAt < latest }) {
                job.refuse(
                    job.caller.isOver ? .timedOut : .unavailable(reason: "all \(size.total) connections are busy"))
            }
        }
    }
}
