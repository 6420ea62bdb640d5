import CDynamicModules
import Glibc
import PluginAPI
import StorageWork
import Synchronization

/// Threads of one name, made when there is work for them and ended with the crew.
final class ThreadCrew: Sendable {
    typealias Job = @Sendable () -> Void

    /// What tools that list threads show.
    private let name: String
    private let countMax: Int
    private let jobs = JobQueue<Job>(waitingMax: .max)
    private let count = Mutex(0)

    init(named name: String, countMax: Int) {
        (self.name, self.countMax) = (name, countMax)
    }

    /// What waits is still done.
    deinit { jobs.close() }

    /// Does a job when its turn comes.
    ///
    /// - Returns: Whether there is any thread that will.
    func take(_ job: @escaping Job) -> Bool {
        guard count.withLock({ $0 > 0 || addThread(&$0) }) else { return false }
        if jobs.append(job).isShortOfTakers {
            count.withLock { if $0 < countMax { _ = addThread(&$0) } }
        }
        return true
    }

    /// - Returns: Whether the system gave one.
    private func addThread(_ count: inout Int) -> Bool {
        let jobs = jobs
        let thread = try? WorkerThread(named: name) {
            concord_yield_soon()
            let taker = JobTaker()
            while let job = jobs.take(as: taker, atMost: 1).first { job() }
        }
        if thread != nil { count += 1 }
        return thread != nil
    }
}
