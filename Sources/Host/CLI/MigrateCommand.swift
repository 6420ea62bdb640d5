import ArgumentParser
import PluginAPI

/// `concord migrate`: the schema, by hand. Holds the storage's lock, so a serving host must be stopped.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Show or change the schema.",
        subcommands: [Status.self, Up.self, Down.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every migration and whether it is applied.")
        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await MigrateCommand.withMigrator(options) { migrator in
                var table = TextTable(header: ["migration", "state", "name"])
                for each in try await migrator.status() { table.append([each.id, each.state.rawValue, each.name]) }
                Console.data(table.text)
            }
        }
    }

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Apply what is pending.")
        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await MigrateCommand.withMigrator(options) { migrator in
                let applied = try await migrator.up()
                for id in applied { Console.data("applied \(id)") }
                if applied.isEmpty { Console.diagnostic("nothing is pending") }
            }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Undo the last migration, or everything after one. Data in what is undone is lost.")
        @OptionGroup var options: CommonOptions

        @Option(help: ArgumentHelp("The applied migration that stays.", valueName: "module/nnnn"))
        var to: String?

        func run() async throws {
            try await MigrateCommand.withMigrator(options) { migrator in
                let undone = try await migrator.down(to: to)
                for id in undone { Console.data("undone \(id)") }
                if undone.isEmpty { Console.diagnostic("nothing was applied") }
            }
        }
    }

    private static func withMigrator(_ options: CommonOptions, _ work: (Migrator) async throws -> Void) async throws {
        let assembly = try HostAssembly.orExit(options.load())
        assembly.log.level.level = .warning
        try await Startup(assembly: assembly).openStorage()
        do {
            try await work(assembly.migrator)
        } catch {
            await assembly.modules.storage.stop()
            Console.diagnostic("concord: \(error)")
            throw ExitStatus.failed
        }
        await assembly.modules.storage.stop()
    }
}
