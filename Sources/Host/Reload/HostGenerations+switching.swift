import PluginAPI

extension HostGenerations {
    /// Disables or enables a module of the configuration in use, in turns with reloads, which leave it so.
    func turn(_ order: ModuleSwitch) async throws -> ModuleTurn {
        try await turnstile.pass {
            guard !foundation.shutdown.hasBegun else {
                throw Problem.unavailable("The host is on its way down.", retryAfter: 5)
            }
            let loaded = current.loaded
            let module = try loaded.switchable(order.id, isOn: order.isOn)
            let record = module.board.record(of: module.id)
            let isAudited = try await order.confirm(record.status)
            foundation.modules.keep(module.id, isOn: order.isOn)
            module.board.setSwitchedOff(!order.isOn, module.id)
            // Whoever enables a module wants it called, whatever has failed before.
            if order.isOn { record.gates?.reset() }
            if order.isOn, !record.hasStarted, await module.start() { await module.checkHealth() }
            return ModuleTurn(status: record.status, isAudited: isAudited)
        }
    }
}
