public import ArgumentParser
import Synchronization

/// The `concord` command.
public struct Concord: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "concord",
        abstract: "Compares a trading bot's book with the broker's, for every account, again and again.",
        version: HostAssembly.version,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ConfigCommand.self, ModulesCommand.self, MigrateCommand.self,
            PartitionsCommand.self,
            AccountCommand.self, TokenCommand.self, ImportCommand.self, ReconcileCommand.self, StatusCommand.self,
            WarmupCommand.self, BackupCommand.self, RestoreCommand.self,
            HealthCommand.self, OpenAPICommand.self,
        ]
    )

    public init() {}

    /// Runs the command as the process' program: libraries of dynamic modules are tried by another process of it first.
    public static func runAsProgram() async {
        LibraryTrial.program.withLock { $0 = "/proc/self/exe" }
        await main()
    }
}
