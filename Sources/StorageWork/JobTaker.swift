import Glibc

/// A thread that takes jobs from one queue, as the queue knows it.
///
/// `@unchecked Sendable`: `isQuick` is read and written only under the queue's lock, and the condition never
/// moves in memory.
package final class JobTaker: @unchecked Sendable {
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// It is at thrifty jobs and gets on with them.
    var isQuick = false

    package init() { pthread_cond_init(condition, nil) }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    /// So many seconds from now, by the clock that ``wait(_:until:)`` goes by.
    static func time(after seconds: Int) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        time.tv_sec += seconds
        return time
    }

    /// Waits to be woken; the lock is free meanwhile. May return early. - Returns: `false` when the time has come.
    func wait(_ mutex: UnsafeMutablePointer<pthread_mutex_t>, until latest: timespec?) -> Bool {
        guard var latest else { return pthread_cond_wait(condition, mutex) == 0 }
        return pthread_cond_timedwait(condition, mutex, &latest) != ETIMEDOUT
    }

    func wake() { pthread_cond_signal(condition) }
}
