import Glibc
package import PluginAPI

/// Jobs waiting for a thread, first come, first served, and bounded.
///
/// The thread that went idle last is woken first: what it needs is still in the processor's cache, and so is what its
/// connection's other end needs.
///
/// `@unchecked Sendable`: everything that changes is read and written only between lock and unlock of `mutex`, which never
/// moves in memory.
package final class JobQueue<Job: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let waitingMax: Int
    private let thrift: JobThrift<Job>?
    private var jobs: [Job] = []
    private var head = 0
    private var idle: [JobTaker] = []
    /// Takers that are at thrifty jobs and getting on with them, or woken for some.
    private var quickTotal = 0
    /// Jobs that wait and are not thrifty.
    private var usualTotal = 0
    private var isClosed = false

    /// - Parameter thrift: Which jobs had rather wait a little than have one more thread woken; `nil` for none.
    package init(waitingMax: Int = 16_384, thrift: JobThrift<Job>? = nil) {
        self.waitingMax = waitingMax
        self.thrift = thrift
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    private func locked<Result>(_ work: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return work()
    }

    /// Queues a job, unless the queue is closed or full.
    ///
    /// - Returns: Why it was refused, or `nil`, and whether a thread is needed for it and none is idle.
    package func append(_ job: Job) -> (refusal: StorageError?, isShortOfTakers: Bool) {
        pthread_mutex_lock(mutex)
        if let refusal {
            pthread_mutex_unlock(mutex)
            return (refusal, false)
        }
        jobs.append(job)
        usualTotal += usual(CollectionOfOne(job))
        let need = self.need(of: job)
        pthread_mutex_unlock(mutex)
        return (nil, isShort(need))
    }

    /// Why no job is taken now. Asked under the lock.
    private var refusal: StorageError? {
        if isClosed { return .unavailable(reason: "the database is being closed") }
        guard waitingTotal >= waitingMax else { return nil }
        return .unavailable(reason: "\(waitingMax) statements are waiting for the database already")
    }

    private var waitingTotal: Int { jobs.count - head }

    /// Whether no job waits, but for those that are left to the threads that are at it.
    package var needsNoMore: Bool { locked { waitingTotal == 0 || isLeftToOthers } }

    /// Whether a thread waits for a job.
    package var hasIdleTaker: Bool { idleTotal > 0 }

    /// Threads that wait for a job.
    package var idleTotal: Int { locked { idle.count } }

    /// Waits for jobs and takes up to `countMax` of them; empty when the queue is closed and nothing is left, or when none
    /// came within `patience` seconds.
    ///
    /// - Parameters:
    ///   - taker: The calling thread, which has done with what it took before.
    ///   - isTogether: Whether a job may be taken with others. The first is taken in any case.
    package func take(
        as taker: JobTaker, atMost countMax: Int, patience: Int? = nil, where isTogether: (Job) -> Bool = { _ in true }
    ) -> [Job] {
        locked {
            setQuick(false, taker)
            guard wait(as: taker, patience), waitingTotal > 0 else { return [] }
            let isThrifty = thrift?.isThrifty(jobs[head]) ?? false
            setQuick(isThrifty, taker)
            // Others are at it, or have been woken for it: each is left its share.
            let sharersTotal = isThrifty ? quickTotal : idle.count + 1
            let share = min(countMax, (waitingTotal + sharersTotal - 1) / sharersTotal)
            let togetherTotal = share > 1 ? jobs[head..<head + share].prefix(while: isTogether).count : 1
            let taken = Array(jobs[head..<head + max(1, togetherTotal)])
            head += taken.count
            usualTotal -= usual(taken)
            discardTaken()
            return taken
        }
    }

    /// Returns when there are jobs for the taker, the queue is closed, or the patience is at an end. Called under the lock.
    ///
    /// - Returns: Whether what waits is for the taker.
    private func wait(as taker: JobTaker, _ patience: Int?) -> Bool {
        let latest = patience.map { JobTaker.time(after: $0) }
        while !isClosed, waitingTotal == 0 || isLeftToOthers {
            idle.append(taker)
            let isInTime = taker.wait(mutex, until: latest)
            setQuick(false, taker)
            if let index = idle.lastIndex(where: { $0 === taker }) {
                idle.remove(at: index)
            } else if waitingTotal > 0 {
                // Whoever wakes a taker takes it off the list, and counts on it.
                return true
            }
            if !isInTime { return !isLeftToOthers }
        }
        return true
    }

    /// Whether those that are at thrifty jobs will do all that waits: one that was woken in a moment of need rests again.
    ///
    /// What is not thrifty would keep one of them from the rest, and needs a taker of its own.
    private var isLeftToOthers: Bool {
        guard let thrift, waitingTotal > 0, usualTotal == 0, quickTotal >= thrift.takersMax else { return false }
        return !isLate(at: thrift.now(), thrift)
    }

    /// How many of the jobs are not thrifty.
    private func usual(_ jobs: some Sequence<Job>) -> Int {
        guard let thrift else { return 0 }
        return jobs.count { !thrift.isThrifty($0) }
    }

    /// A taker does not get on with its thrifty jobs: nothing waits for it any more.
    ///
    /// - Returns: Whether a thread is needed for what waits and none is idle.
    package func delayed(_ taker: JobTaker) -> Bool {
        let need = locked { () -> Need in
            guard taker.isQuick else { return .none }
            setQuick(false, taker)
            return waitingTotal > 0 ? self.need(of: jobs[head]) : .none
        }
        return isShort(need)
    }

    /// Puts jobs that were taken back to the queue's front, in their order.
    ///
    /// - Returns: Whether a thread is needed for them and none is idle.
    @discardableResult
    package func putBack(_ taken: some Collection<Job>) -> Bool {
        guard let first = taken.first else { return false }
        let need = locked { () -> Need in
            usualTotal += usual(taken)
            if taken.count <= head {
                jobs.replaceSubrange(head - taken.count..<head, with: taken)
                head -= taken.count
            } else {
                jobs.insert(contentsOf: taken, at: head)
            }
            return self.need(of: first)
        }
        return isShort(need)
    }

    /// Takes out the waiting jobs for which `condition` holds.
    package func remove(where condition: (Job) -> Bool) -> [Job] {
        locked {
            guard waitingTotal > 0 else { return [] }
            let waiting = jobs[head...]
            let removed = waiting.filter(condition)
            if !removed.isEmpty {
                usualTotal -= usual(removed)
                jobs = waiting.filter { !condition($0) }
                head = 0
            }
            return removed
        }
    }

    /// Takes no more jobs; those that wait are still handed out.
    package func close() {
        let waiting = locked {
            isClosed = true
            defer { idle = [] }
            return idle
        }
        for taker in waiting { taker.wake() }
    }

    // MARK: - Whom to wake

    private enum Need {
        case none
        case woken(JobTaker)
        /// One is needed, and all are at work.
        case another
    }

    /// Who is to be woken for a job that waits now. Called under the lock.
    private func need(of job: Job) -> Need {
        if let thrift, quickTotal > 0, thrift.isThrifty(job), !isLate(at: thrift.queuedAt(job), thrift) {
            if quickTotal >= thrift.takersMax || waitingTotal <= quickTotal { return .none }
        }
        guard let taker = idle.popLast() else { return .another }
        setQuick(thrift?.isThrifty(job) ?? false, taker)
        return .woken(taker)
    }

    /// Whether the oldest job has waited too long for a thread that is at work.
    private func isLate(at now: ContinuousClock.Instant, _ thrift: JobThrift<Job>) -> Bool {
        now - thrift.queuedAt(jobs[head]) > thrift.waitMax
    }

    /// After the lock is free: a thread that wakes needs it at once.
    private func isShort(_ need: Need) -> Bool {
        switch need {
        case .none: return false
        case .another: return true
        case .woken(let taker):
            taker.wake()
            return false
        }
    }

    private func setQuick(_ isQuick: Bool, _ taker: JobTaker) {
        guard taker.isQuick != isQuick else { return }
        taker.isQuick = isQuick
        quickTotal += isQuick ? 1 : -1
    }

    /// Drops the taken front in steps that grow with the queue, so that taking stays cheap on average.
    private func discardTaken() {
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: jobs.capacity <= 1_024)
            head = 0
        } else if head >= 64, head * 2 >= jobs.count {
            jobs.removeFirst(head)
            head = 0
        }
    }
}

/// When jobs had rather wait for a thread that is at work than have one more woken.
///
/// Many connections that each do a little at a time cost more than few that do much: every change between them empties
/// caches, the server's too.
package struct JobThrift<Job> {
    /// Threads that are at such jobs until no more are woken for them, and those beyond them rest when they are back.
    var takersMax: Int
    /// How long the oldest of them may have waited when another comes while a thread is idle, or when one is back.
    var waitMax: Duration
    var isThrifty: (Job) -> Bool
    var queuedAt: (Job) -> ContinuousClock.Instant
    var now: () -> ContinuousClock.Instant

    package init(
        takersMax: Int, waitMax: Duration, isThrifty: @escaping @Sendable (Job) -> Bool,
        queuedAt: @escaping @Sendable (Job) -> ContinuousClock.Instant,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        (self.takersMax, self.waitMax, self.isThrifty) = (takersMax, waitMax, isThrifty)
        (self.queuedAt, self.now) = (queuedAt, now)
    }
}
