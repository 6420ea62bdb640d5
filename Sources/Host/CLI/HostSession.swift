import ArgumentParser
import PluginAPI

/// Gives a command the API: of the configured host when it answers, otherwise of one opened for the command.
struct HostSession {
    let report: ConfigurationReport

    init(_ options: CommonOptions) {
        report = options.load()
    }

    /// Runs `work`, closes what was opened, and turns a refusal into words and an exit code.
    func run(_ work: (any HostAPI) async throws -> Void) async throws {
        let assembly = try HostAssembly.orExit(report)
        let base = assembly.configuration.base
        do {
            if await RemoteHostAPI.answers(at: base) {
                try await work(RemoteHostAPI(base: base, minter: assembly.minter, clock: assembly.clock))
            } else {
                try await runLocally(assembly, work)
            }
        } catch let refusal as APIRefusal {
            Console.diagnostic("concord: \(refusal)")
            throw refusal.isBadInput ? ExitStatus.badInput : ExitStatus.failed
        }
    }

    private func runLocally(_ assembly: HostAssembly, _ work: (any HostAPI) async throws -> Void) async throws {
        // A command says what it did itself; the modules' comings and goings are noise to whoever ran it.
        assembly.log.level.level = .warning
        try await Startup(assembly: assembly).open()
        do {
            try await work(LocalHostAPI(assembly: assembly))
        } catch {
            await assembly.modules.shutDown()
            throw error
        }
        await assembly.modules.shutDown()
    }
}

extension HostConfiguration {
    /// Where the configured host answers.
    var base: String { Greeting.url(server.host, server.port) }
}

extension Caller {
    /// Who the commands are to the host.
    static let command = Caller(subject: "concord", role: .operator)

    /// A command that brings in data for one account.
    static func importer(of account: String) -> Caller {
        Caller(subject: "concord", role: .agent, grant: .accounts([account]))
    }
}
