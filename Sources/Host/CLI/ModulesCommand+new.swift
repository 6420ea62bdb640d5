import ArgumentParser
import FoundationEssentials
import PluginAPI

extension ModulesCommand {
    /// `concord modules new`: the beginning of a module.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin a module.", subcommands: [Query.self])
    }
}

extension ModulesCommand.New {
    struct Query: ParsableCommand {
        enum Kind: String, ExpressibleByArgument {
            case sql
        }

        static let configuration = CommandConfiguration(
            abstract: "Begin a query service: a file with SQL in the directory that modules.sql names.")

        @OptionGroup var options: CommonOptions

        @Option(help: "sql; this release begins no others.")
        var kind: Kind

        @Argument(help: "File, ID and path of the module: lower-case letters, digits and _.")
        var name: String

        func run() throws {
            let directory = try options.load().configurationOrExit().modules.sql
            let path = "\(directory)/\(name).yaml"
            let text = SQLScaffold.text(name)
            let (definition, report) = SQLModuleReader.read(
                ConfigurationSource(name: path, text: text), id: name, views: SQLModuleFiles.views, catalog: .compiledIn
            )
            guard definition != nil else {
                Console.write(diagnostics: report.text)
                throw ExitStatus.badInput
            }
            try write(text, to: path, in: directory)
            Console.data("\(path): GET /api/v1/\(name)/by_symbol")
        }

        /// Nothing that is there is written over.
        private func write(_ text: String, to path: String, in directory: String) throws {
            guard !FileManager.default.fileExists(atPath: path) else {
                Console.diagnostic("concord: \(path) is there already")
                throw ExitStatus.badInput
            }
            do {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
            } catch {
                Console.diagnostic("concord: cannot write \(path): \(error)")
                throw ExitStatus.failed
            }
        }
    }
}
