import CDynamicModules
import Glibc
import PluginAPI
import StorageWork
import Synchronization

/// Threads on which the code of one module from outside runs, and nothing else does.
///
/// A module that loops without ever suspending holds its own threads and nobody's else. They yield to the host's: filling
/// memory and computing take processor time that others leave. They are made when there is work for them, and end with the last
/// who holds these threads, which is whoever still waits for the module.
///
/// A task that prefers them comes back to them from wherever it has waited. Tasks that the module itself begins by `Task { … }`
/// do not inherit that.
final class ModuleThreads: TaskExecutor {
    /// As many as there are cores: two at least, so that one call may loop while another goes on.
    static let countMax = min(8, max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    /// Beside a busy thread of the host, one of these gets about a sixtieth of a core.
    static let niceness: Int32 = 19

    /// What tools that list threads show.
    private let name: String
    private let jobs = JobQueue<UnownedJob>(waitingMax: .max)
    private let threadCount = Mutex(0)

    init(of module: ModuleDescriptor.ModuleID) {
        name = module
    }

    deinit { jobs.close() }

    /// Calls a module's code on its threads; where it has none, here.
    ///
    /// - Throws: What it throws. An error of a type of its own is put in words, so that its code runs nowhere else.
    static func run<Result>(on threads: ModuleThreads?, _ body: () async throws -> Result) async throws -> Result {
        guard let threads else { return try await body() }
        return try await withTaskExecutorPreference(threads) {
            do { return try await body() } catch { throw ModuleFailure.spoken(error) }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Without any thread the work of the module would never be done, and somebody may hold a lock for it.
        guard threadCount.withLock({ $0 > 0 || addThread(&$0) }) else {
            return globalConcurrentExecutor.enqueue(ExecutorJob(job))
        }
        if jobs.append(job).isShortOfTakers {
            threadCount.withLock { if $0 < Self.countMax { _ = addThread(&$0) } }
        }
    }

    /// - Returns: Whether the system gave one.
    private func addThread(_ count: inout Int) -> Bool {
        let (jobs, name, executor) = (jobs, name, asUnownedTaskExecutor())
        let thread = try? WorkerThread {
            concord_begin_module_thread(name, Self.niceness)
            let taker = JobTaker()
            while let job = jobs.take(as: taker, atMost: 1).first { job.runSynchronously(on: executor) }
        }
        if thread != nil { count += 1 }
        return thread != nil
    }
}

/// What an error of a type that only its module knows says of itself.
struct ModuleFailure: Error, CustomStringConvertible {
    let description: String

    /// The error itself where its type is known here, what it says otherwise.
    static func spoken(_ error: any Error) -> any Error {
        switch error {
        case is Problem, is StorageError, is ScopedOverflow, is JSONSyntaxError, is ModuleError, is EventNotTaken,
            is CancellationError, is ReplyTooLarge, is UnaskedCancellation:
            error
        default: ModuleFailure(description: FaultText.text(of: error))
        }
    }
}
