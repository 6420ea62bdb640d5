import PluginAPI

extension HostGenerations {
    /// Disables or enables a module of the configuration in use; reloads leave it so.
    func turn(_ order: ModuleSwitch) async throws -> ModuleTurn {
        order.isOn ? try await enable(order) : try await disable(order)
    }

    /// Waits for nobody's turn: what is under way may itself wait for what the module does harm to.
    private func disable(_ order: ModuleSwitch) async throws -> ModuleTurn {
        let record = try switchable(order).record
        let isAudited = try await order.confirm(record.status)
        // Looked for again: the configuration may be another one by now.
        var now = record
        try foundation.modules.disable(order.id) {
            let module = try switchable(order).module
            module.board.setSwitchedOff(true, module.id)
            now = module.board.record(of: module.id)
        }
        return ModuleTurn(status: now.status, isAudited: isAudited)
    }

    /// In turns with reloads.
    private func enable(_ order: ModuleSwitch) async throws -> ModuleTurn {
        let disablings = foundation.modules.disablings(of: order.id)
        return try await turnstile.pass {
            let (module, record) = try switchable(order)
            let isAudited = try await order.confirm(record.status)
            let isEnabled = foundation.modules.enable(order.id, unlessDisabledSince: disablings) {
                module.board.setSwitchedOff(false, module.id)
            }
            guard isEnabled else {
                throw Problem.conflict("The module \(order.id) was disabled meanwhile, and stays so.")
            }
            // Whoever enables a module wants it called, whatever has failed before.
            record.gates?.reset()
            if !record.hasStarted, await module.start() { await module.checkHealth() }
            return ModuleTurn(status: record.status, isAudited: isAudited)
        }
    }

    private func switchable(_ order: ModuleSwitch) throws -> (module: SupervisedModule, record: ModuleRecord) {
        guard !foundation.shutdown.hasBegun else {
            throw Problem.unavailable("The host is on its way down.", retryAfter: 5)
        }
        let module = try current.loaded.switchable(order.id, isOn: order.isOn)
        return (module, module.board.record(of: module.id))
    }
}
