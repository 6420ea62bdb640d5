import PluginAPI

/// Leads the modules of one configuration through their lives: storage first, then the others beside one another, each behind
/// what it requires, and so on the way down.
///
/// A storage that does not start stops the host. A cache or a query service that does not start, or fails later, is
/// reported and tried again; the others go on.
struct ModuleHost: Sendable {
    let storage: SupervisedModule
    let cache: SupervisedModule?
    /// The in-process cache in front of one that hosts share.
    var localCache: SupervisedModule?
    let services: [SupervisedModule]
    let board: ModuleStatusBoard

    /// In starting order.
    var all: [SupervisedModule] { [storage] + [localCache, cache].compactMap { $0 } + services }

    /// Opens the storage; nothing else works without it.
    func startStorage() async throws(ModuleError) {
        guard await storage.start() else {
            throw .unavailable(reason: board[storage.id].reason ?? "the storage did not start")
        }
    }

    /// Starts everything behind the storage; failures stand on the board.
    func startOthers() async {
        await ModuleStarts.run(Array(all.dropFirst())) { _ = await $0.start() }
    }

    /// Checks every module's health, and starts again what has not started yet, until the task is cancelled.
    func watchOnce() async {
        for module in all where !Task.isCancelled {
            let record = board.record(of: module.id)
            if record.hasStarted {
                await module.checkHealth()
            } else if case .failed = record.status {
                _ = await module.start()
            }
        }
    }

    /// Takes everything down, each module behind those that require it.
    ///
    /// - Parameter deadline: When it has to be over; `nil` leaves each module its time.
    func shutDown(by deadline: ContinuousClock.Instant? = nil) async { await ModuleEnds.run(all, by: deadline) }
}
