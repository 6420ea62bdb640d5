import ArgumentParser
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
        let outcome = await check.run(options.load())
        Console.write(diagnostics: outcome.diagnostics)
        Console.write(data: outcome.output)
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }

    /// What modules say of their sections when they are put together, which is pure.
    private static func complaints(_ configuration: HostConfiguration) -> [ConfigurationCheck.ModuleComplaint] {
        do {
            _ = try ModuleFactory.idle.make(configuration) { $0 }
            return []
        } catch ModuleNotBuilt.refused(let module, .misconfigured(let key, let detail)) {
            return [.init(module: module, key: key, detail: detail)]
        } catch {
            return [.init(module: "", key: "", detail: "\(error)")]
        }
    }

    /// Starts and stops storage and cache.
    private static func probe(_ configuration: HostConfiguration) async -> [ProbeResult] {
        guard let made = try? ModuleFactory.idle.make(configuration, wrap: { $0 }) else { return [] }
        var results: [ProbeResult] = []
        for module in made.host.all where module.kind != .query {
            let isUp = await module.start()
            await module.checkHealth()
            let status = made.host.board[module.id]
            results.append(
                ProbeResult(name: module.id, isUp: isUp && status.isServing, detail: status.reason ?? status.word))
        }
        for module in made.host.all.reversed() where module.kind != .query { await module.stop() }
        return results
    }
}
