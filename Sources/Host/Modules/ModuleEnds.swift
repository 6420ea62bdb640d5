import PluginAPI

/// Takes modules down beside one another, each once those that require it have come through: query services, then caches,
/// then the storage. All are drained before one is stopped.
enum ModuleEnds {
    /// - Parameters:
    ///   - modules: Each behind those that it requires.
    ///   - deadline: When it has to be over; `nil` leaves each module its time. What hangs takes half of the time that is
    ///     left, and leaves the rest to those behind it.
    static func run(_ modules: [SupervisedModule], by deadline: ContinuousClock.Instant? = nil) async {
        for end in [{ await $0.drain(within: $1) }, { await $0.stop(within: $1) }] as [End] {
            for kind in [ModuleKind.query, .cache, .storage] {
                let half = deadline.map { ContinuousClock.now + ($0 - .now) / 2 }
                await run(modules.filter { $0.kind == kind }, by: half, end)
            }
        }
    }

    private typealias End = @Sendable (SupervisedModule, Duration?) async -> Void

    private static func run(
        _ modules: [SupervisedModule], by deadline: ContinuousClock.Instant?, _ end: @escaping End
    ) async {
        var ends: [ModuleDescriptor.ModuleID: Task<Void, Never>] = [:]
        for module in modules.reversed() {
            let dependents = modules.filter { $0.requires.contains(module.id) }.compactMap { ends[$0.id] }
            // Awaited below, and not to be cancelled: modules are taken down in peace.
            ends[module.id] = Task {
                for dependent in dependents { await dependent.value }
                await end(module, deadline.map { $0 - .now })
            }
        }
        for end in ends.values { await end.value }
    }
}
