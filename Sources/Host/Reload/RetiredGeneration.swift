import PluginAPI

/// What is left of a configuration after another has taken over: modules that nobody uses once its requests are answered.
struct RetiredGeneration: Sendable {
    let generation: Int
    /// In starting order.
    let modules: [SupervisedModule]
    /// Ends with the last request.
    let end: AsyncStream<Void>
    /// How long a request may take at most.
    let requestMax: Duration

    /// Waits for the requests under way, then drains and stops the modules.
    ///
    /// A request that ignores its deadline does not keep them for ever, and neither does a host that goes down.
    func finish(_ logger: HostLogger) async {
        do {
            try await withDeadline(requestMax + .seconds(5)) { for await _ in end {} }
        } catch {
            logger.warning(
                "replaced configuration not waited for any longer",
                ["generation": "\(generation)", "error": "\(error)"])
        }
        // Awaited here; in a task of its own, so that modules are stopped in peace when the host goes down.
        await Task { await ModuleEnds.run(modules) }.value
        for module in modules {
            guard let calls = module.board.record(of: module.id).gates?.overdue, calls > 0 else { continue }
            // Nothing ends a thread from outside.
            logger.warning(
                "calls into a replaced module have not come back",
                ["generation": "\(generation)", "id": module.id, "calls": "\(calls)"])
        }
    }
}
