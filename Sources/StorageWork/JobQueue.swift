import Glibc
package import PluginAPI

/// Jobs waiting for a thread, first come, first served, and bounded.
///
/// `@unchecked Sendable`: `jobs`, `head`, `takersIdle` and `isClosed` are read and written only between lock and unlock of
/// `mutex`, and the two pthread objects never move in memory.
package final class JobQueue<Job: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let waitingMax: Int
    private var jobs: [Job] = []
    private var head = 0
    private var takersIdle = 0
    private var isClosed = false

    package init(waitingMax: Int = 16_384) {
        self.waitingMax = waitingMax
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrival, nil)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        mutex.deallocate()
    }

    /// Queues a job, unless the queue is closed or full.
    ///
    /// - Returns: Why it was refused, or `nil`, and whether more jobs wait than threads do.
    package func append(_ job: Job) -> (refusal: StorageError?, isShortOfTakers: Bool) {
        pthread_mutex_lock(mutex)
        if let refusal {
            pthread_mutex_unlock(mutex)
            return (refusal, false)
        }
        jobs.append(job)
        let hasIdleTaker = takersIdle > 0
        let isShortOfTakers = jobs.count - head > takersIdle
        pthread_mutex_unlock(mutex)
        // After the lock is free: a thread that wakes needs it at once.
        if hasIdleTaker { pthread_cond_signal(arrival) }
        return (nil, isShortOfTakers)
    }

    /// Why no job is taken now. Asked under the lock.
    private var refusal: StorageError? {
        if isClosed { return .unavailable(reason: "the database is being closed") }
        guard jobs.count - head >= waitingMax else { return nil }
        return .unavailable(reason: "\(waitingMax) statements are waiting for the database already")
    }

    /// Whether a thread waits for a job.
    package var hasIdleTaker: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return takersIdle > 0
    }

    /// Waits for jobs and takes up to `countMax` of them; empty when the queue is closed and nothing is left, or when none
    /// came within `patience` seconds.
    ///
    /// - Parameter isTogether: Whether a job may be taken with others. The first is taken in any case.
    package func take(
        atMost countMax: Int, patience: Int? = nil, where isTogether: (Job) -> Bool = { _ in true }
    ) -> [Job] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var latest = timespec()
        if let patience {
            clock_gettime(CLOCK_REALTIME, &latest)
            latest.tv_sec += patience
        }
        takersIdle += 1
        while head == jobs.count, !isClosed {
            if patience == nil {
                pthread_cond_wait(arrival, mutex)
            } else if pthread_cond_timedwait(arrival, mutex, &latest) == ETIMEDOUT {
                break
            }
        }
        takersIdle -= 1
        guard head < jobs.count else { return [] }
        // Idle threads have been woken for the others: each is left its share.
        let share = min(countMax, (jobs.count - head + takersIdle) / (takersIdle + 1))
        let togetherTotal = share > 1 ? jobs[head..<head + share].prefix(while: isTogether).count : 1
        let taken = Array(jobs[head..<head + max(1, togetherTotal)])
        head += taken.count
        discardTaken()
        return taken
    }

    /// Puts jobs that were taken back to the queue's front, in their order.
    package func putBack(_ taken: some Collection<Job>) {
        if taken.isEmpty { return }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if taken.count <= head {
            jobs.replaceSubrange(head - taken.count..<head, with: taken)
            head -= taken.count
        } else {
            jobs.insert(contentsOf: taken, at: head)
        }
        if takersIdle > 0 { pthread_cond_broadcast(arrival) }
    }

    /// Takes out the waiting jobs for which `condition` holds.
    package func remove(where condition: (Job) -> Bool) -> [Job] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard head < jobs.count else { return [] }
        let waiting = jobs[head...]
        let removed = waiting.filter(condition)
        if !removed.isEmpty {
            jobs = waiting.filter { !condition($0) }
            head = 0
        }
        return removed
    }

    /// Takes no more jobs; those that wait are still handed out.
    package func close() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        pthread_cond_broadcast(arrival)
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
