import Glibc
import PluginAPI
import StorageWork
import Synchronization

/// Where the code of one module from outside runs.
struct OwnThreads: Sendable {
    /// As many of those for operators: one may loop while another goes on.
    static let ofOperatorsMax = 2

    /// Calls of clients, and what the module does by itself.
    let ofClients: ModuleThreads
    /// Calls of operators, health checks, the module's start and its end: none of them waits behind clients' calls.
    let ofOperators: ModuleThreads

    init(of module: ModuleDescriptor.ModuleID) {
        ofClients = ModuleThreads(of: module)
        ofOperators = ModuleThreads(of: module, countMax: Self.ofOperatorsMax)
    }
}

/// Threads on which the code of one module from outside runs, and what the host does with its answers; nothing of anybody else's.
///
/// A module that loops without ever suspending holds its own threads and nobody's else. They are made when there is work for
/// them, and end with the last who holds these threads, which is whoever still waits for the module.
///
/// A task that prefers them comes back to them from wherever it has waited. Tasks that the module itself begins by `Task { … }`
/// do not inherit that.
final class ModuleThreads: TaskExecutor {
    /// As many as there are cores: two at least, so that one call may loop while another goes on.
    static let countMax = min(8, max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    private let crew: ThreadCrew
    /// What a module does when a call is cancelled is its code, too, and those who cancel do not wait for it.
    private let cancelling: ThreadCrew

    init(of module: ModuleDescriptor.ModuleID, countMax: Int = ModuleThreads.countMax) {
        crew = ThreadCrew(named: module, countMax: countMax)
        cancelling = ThreadCrew(named: module, countMax: 1)
    }

    /// Calls a module's code on its threads; where it has none, here.
    ///
    /// - Parameter evenIfGivenUp: Whether it is called when nobody waits for it any more as its turn comes.
    /// - Throws: What it throws. An error of a type of its own is put in words, so that its code runs nowhere else.
    static func run<Result: Sendable>(
        on threads: ModuleThreads?, evenIfGivenUp: Bool = false, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let threads else { return try await body() }
        return try await threads.run(evenIfGivenUp, body)
    }

    private func run<Result: Sendable>(
        _ evenIfGivenUp: Bool, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let isGivenUp = Once()
        // Awaited here. A task of its own, so that cancelling this one runs nothing of the module's.
        let work = Task(executorPreference: self) {
            do {
                if !evenIfGivenUp, isGivenUp.hasCome { throw CancellationError() }
                return try await body()
            } catch { throw ModuleFailure.spoken(error) }
        }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            isGivenUp.come()
            cancel(work)
        }
    }

    /// Begins a module's code on these threads; it tells of its end by itself.
    func begin(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self, operation: body)
    }

    /// Cancels what runs on these threads, on one that waits for nothing else.
    func cancel(_ work: Task<some Sendable, some Error>) {
        if !cancelling.take({ work.cancel() }) { work.cancel() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let (job, executor) = (UnownedJob(job), asUnownedTaskExecutor())
        // Without any thread the work of the module would never be done, and somebody may hold a lock for it.
        // Who runs a job is there until it has run, whoever else lets go of these threads meanwhile.
        if crew.take({ withExtendedLifetime(self) { job.runSynchronously(on: executor) } }) { return }
        globalConcurrentExecutor.enqueue(ExecutorJob(job))
    }
}

/// Something that comes once, and stays.
final class Once: Sendable {
    private let value = Atomic(false)
    var hasCome: Bool { value.load(ordering: .sequentiallyConsistent) }
    func come() { value.store(true, ordering: .sequentiallyConsistent) }
}

/// What an error of a type that only its module knows says of itself.
struct ModuleFailure: Error, CustomStringConvertible {
    let description: String

    /// The error itself where its type is known here, what it says otherwise.
    static func spoken(_ error: any Error) -> any Error {
        switch error {
        case is Problem, is StorageError, is ScopedOverflow, is JSONSyntaxError, is ModuleError, is EventNotTaken,
            is CancellationError, is ReplyTooLarge, is UnaskedCancellation, is Overloaded:
            error
        default: ModuleFailure(description: FaultText.text(of: error))
        }
    }
}
