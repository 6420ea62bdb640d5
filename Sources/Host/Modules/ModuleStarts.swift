import PluginAPI

/// Starts modules beside one another, each once those that it requires have come through: one that hangs holds up those that
/// require it and nobody else.
enum ModuleStarts {
    /// - Parameters:
    ///   - modules: Each behind those that it requires.
    ///   - start: Starts one; what becomes of it stands on the board.
    static func run(
        _ modules: [SupervisedModule], _ start: @escaping @Sendable (SupervisedModule) async -> Void
    ) async {
        var starts: [ModuleDescriptor.ModuleID: Task<Void, Never>] = [:]
        for module in modules {
            let required = module.requires.compactMap { starts[$0] }
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
