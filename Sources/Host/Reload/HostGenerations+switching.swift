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
                // Whoever enables a module wants it called, whatever has failed before; and from its first call on.
                record.gates?.reset()
                module.board.setSwitchedOff(false, module.id)
            }
            guard isEnabled else {
                throw Problem.conflict("The module \(order.id) was disabled meanwhile, and stays so.")
            }
            await revive(module, record)
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

    /// Starts what has never started, and asks what has failed how it is now.
    private func revive(_ module: SupervisedModule, _ record: ModuleRecord) async {
        guard record.hasStarted else {
            if await module.start() { await module.checkHealth() }
            return
        }
        guard case .failed = record.ownStatus else { return }
        guard record.healthCheck.isUnderWay else { return await module.checkHealth() }
        let reason = "its last health check has not come back"
        module.board.set(.failed(reason: reason), for: module.id, inWords: reason)
    }
}
