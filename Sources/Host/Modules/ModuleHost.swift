import PluginAPI

/// Leads the modules of one configuration through their lives: storage first, then the cache, then query services in the
/// order they require each other, and the other way round on the way down.
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
        for module in all.dropFirst() { _ = await module.start() }
    }

    /// Checks every module's health until cancelled, and starts again what had not started.
    func watch(every interval: Duration) async {
        var started = Set(all.filter { board[$0.id].isServing }.map(\.id))
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            for module in all where !Task.isCancelled {
                if started.contains(module.id) {
                    await module.checkHealth()
                } else if await module.start() {
                    started.insert(module.id)
                }
            }
        }
    }

    /// Takes everything down, last started first.
    func shutDown() async {
        for module in all.reversed() { await module.drain() }
        for module in all.reversed() { await module.stop() }
    }
}
