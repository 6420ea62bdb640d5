import PluginAPI

/// Starts modules beside one another, each once the caches and those that it requires have come through: one that hangs holds up
/// those that require it and nobody else.
///
/// Caches come first, because what a module writes as it starts ends answers that a cache shares with other hosts: one that is not
/// there yet would be owed that, and not be asked until it has taken it.
enum ModuleStarts {
    /// - Parameters:
    ///   - modules: Each behind those that it requires.
    ///   - start: Starts one; what becomes of it stands on the board.
    static func run(
        _ modules: [SupervisedModule], _ start: @escaping @Sendable (SupervisedModule) async -> Void
    ) async {
        var starts: [ModuleDescriptor.ModuleID: Task<Void, Never>] = [:]
        for module in modules {
            let isCache = module.kind == .cache
            let caches = isCache ? [] : modules.filter { $0.kind == .cache }.map(\.id)
            let required = (caches + module.requires).compactMap { starts[$0] }
            // Awaited below.
            starts[module.id] = Task {
                for start in required { await start.value }
                await start(module)
            }
        }
        let all = Array(starts.values)
        await withTaskCancellationHandler {
            for start in all { await start.value }
        } onCancel: {
            for start in all { start.cancel() }
        }
    }
}
