import ArgumentParser
import PluginAPI

/// Has the storage of a configuration read the statements of SQL modules, as the start of a host would.
struct SQLModuleProbe {
    private let configuration: HostConfiguration

    init(_ configuration: HostConfiguration) {
        self.configuration = configuration
    }

    /// - Throws: `ExitCode` after saying on standard error what does not fit, or that the storage cannot be asked.
    func check(_ definitions: [SQLModuleDefinition]) async throws {
        let complaints = try await complaints(definitions)
        for complaint in complaints { Console.diagnostic(complaint) }
        if !complaints.isEmpty { throw ExitStatus.badInput }
    }

    private func complaints(_ definitions: [SQLModuleDefinition]) async throws -> [String] {
        let made = try ModuleFactory.idle.make(configuration, wrap: { $0 })
        guard let storage = made.storage as? any ScopedStorage, await made.host.storage.startInspecting() else {
            let reason = made.host.board[made.host.storage.id].reason ?? "it runs no statements of SQL modules"
            Console.diagnostic("concord: the storage cannot be asked: \(reason)")
            throw ExitStatus.notReady
        }
        let results = await Self.results(definitions, in: storage)
        await made.host.storage.stop()
        return results.filter { !$0.isUp }.map(\.detail)
    }

    /// How each module's statements fit an open storage; nothing in it is changed.
    static func results(_ definitions: [SQLModuleDefinition], in storage: any StorageBackend) async -> [ProbeResult] {
        guard let storage = storage as? any ScopedStorage else { return [] }
        var results: [ProbeResult] = []
        for definition in definitions {
            do {
                try await SQLService.idle(definition, storage: storage).inspect()
                results.append(ProbeResult(name: definition.id, isUp: true, detail: "its statements fit the schema"))
            } catch ModuleError.unavailable(let reason) {
                results.append(ProbeResult(name: definition.id, isUp: false, detail: reason))
            } catch {
                results.append(ProbeResult(name: definition.id, isUp: false, detail: "\(definition.file): \(error)"))
            }
        }
        return results
    }
}
