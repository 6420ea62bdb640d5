import ArgumentParser
import Glibc
import PluginAPI

/// `concord serve`: runs the host until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the host; SIGTERM drains it and exits 0.")

    @OptionGroup var options: CommonOptions

    @Option(help: "Listen on this address instead of the configured one.")
    var host: String?

    @Option(help: "Listen on this port instead of the configured one.")
    var port: Int?

    @Flag(help: "Print a user's and an operator's token with an example; for development only.")
    var printTokens = false

    @Option(help: ArgumentHelp("Whose token --print-tokens prints.", valueName: "user"))
    var tokenUser = "demo"

    func run() async throws {
        // Until the host serves and reloads, a hangup is no reason to end.
        signal(SIGHUP, SIG_IGN)
        let report = Self.load(options, flags)
        if printTokens, report.configuration?.environment == .production {
            throw ValidationError("--print-tokens is for development: tokens do not belong into a log")
        }
        try await open(report).run()
    }

    /// The first configuration is not kept here: it ends when another has taken over.
    private func open(_ report: ConfigurationReport) async throws -> RunningHost {
        let assembly = try HostAssembly.orExit(report)
        try await Startup(assembly: assembly).open()
        let greeting = printTokens ? Greeting(assembly: assembly, user: tokenUser) : nil
        return RunningHost(assembly, greeting: greeting) { [options, flags] in Self.load(options, flags) }
    }

    /// What traps in a dynamic module from here on is written down for the next start.
    private static func load(_ options: CommonOptions, _ flags: [SettingOverride]) -> ConfigurationReport {
        let opening = ModuleOpening(willOpen: { TrapWatch.shared.begin($0, $1) })
        return options.load(flags: flags, opening: opening)
    }

    private var flags: [SettingOverride] {
        var flags: [SettingOverride] = []
        if let host { flags.append(.flag("--host", ["server", "host"], host)) }
        if let port { flags.append(.flag("--port", ["server", "port"], String(port))) }
        return flags
    }
}
