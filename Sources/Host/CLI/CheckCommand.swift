import ArgumentParser
import BuiltIn
import PluginAPI

/// `concord check`: is the configuration good? Opens nothing unless told to.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate the configuration; opens nothing without --probe.")

    @OptionGroup var options: CommonOptions

    @Flag(help: "Also open storage and cache.")
    var probe = false

    @Option(help: "text, or json on standard output.")
    var format = ConfigurationCheck.Format.text

    func run() async throws {
        var check = ConfigurationCheck(format: format)
        check.assemble = { CheckCommand.complaints($0) }
        if probe { check.probe = { await CheckCommand.probe($0) } }
        let outcome = await check.run(options.load(opening: ModuleOpening()))
        Console.write(diagnostics: outcome.diagnostics)
        Console.write(data: outcome.output)
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }

    /// What modules say of their sections when they are put together, which is pure.
    private static func complaints(_ configuration: HostConfiguration) -> [ConfigurationCheck.ModuleComplaint] {
        do {
            // All of a host but its secret, which is not needed to find out whether it can be put together.
            _ = try HostAssembly(configuration, secret: Secret(String(repeating: "-", count: HostRules.secretBytesMin)))
            return []
        } catch ModuleNotBuilt.refused(let module, .misconfigured(let key, let detail)) {
            return [.init(module: module, key: key, detail: detail)]
        } catch ModuleNotBuilt.refused(let module, .unavailable(let reason)) {
            return [.init(module: module, key: "", detail: "cannot be put together: \(reason)")]
        } catch {
            return [.init(module: "", key: "", detail: "\(error)")]
        }
    }

    /// Starts and stops storage and cache, and looks at the schema as `serve` would. A database that is not there yet is
    /// not made, and in one that is there nothing is changed.
    private static func probe(_ configuration: HostConfiguration) async -> [ProbeResult] {
        guard let made = try? ModuleFactory.idle.make(configuration, wrap: { $0 }) else { return [] }
        var results: [ProbeResult] = []
        for module in made.host.all where module.kind != .query {
            if let storage = module.module as? any SelfCreatingStorage, !storage.isCreated {
                results.append(
                    ProbeResult(name: module.id, isUp: true, detail: "not there yet; the first start makes it"))
                continue
            }
            let isUp = await module.startInspecting()
            // Why it did not start says more than how it is without having started.
            if isUp { await module.checkHealth() }
            let status = made.host.board[module.id]
            results.append(
                ProbeResult(name: module.id, isUp: isUp && status.isServing, detail: status.reason ?? status.word))
            if module.kind == .storage, isUp {
                let (schema, isCurrent) = await schema(made.storage, configuration)
                results.append(schema)
                // Before the migrations there is nothing that statements could fit.
                if isCurrent { results += await SQLModuleProbe.results(configuration.sqlModules, in: made.storage) }
            }
        }
        for module in made.host.all.reversed() where module.kind != .query { await module.stop() }
        return results
    }

    /// Whether `serve` would start on the schema there is.
    private static func schema(
        _ storage: any StorageBackend,
        _ configuration: HostConfiguration
    ) async -> (ProbeResult, isCurrent: Bool) {
        func result(_ isUp: Bool, _ detail: String, isCurrent: Bool = false) -> (ProbeResult, isCurrent: Bool) {
            (ProbeResult(name: "schema", isUp: isUp, detail: detail), isCurrent)
        }
        do {
            let migrator = try Migrator(storage: storage, clock: SystemClock(), modules: BuiltInModules.all)
            let pending = try await migrator.pending().joined(separator: ", ")
            if pending.isEmpty { return result(true, "up to date", isCurrent: true) }
            guard configuration.storage.migratesAtStart else {
                return result(false, "migrations are pending: \(pending); run: concord migrate up")
            }
            return result(true, "pending, applied at the start: \(pending)")
        } catch {
            return result(false, "\(error)")
        }
    }
}
