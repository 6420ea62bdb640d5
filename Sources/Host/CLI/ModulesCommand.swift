import ArgumentParser
import PluginAPI

/// `concord modules`: what is compiled in.
struct ModulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modules", abstract: "Show what is compiled in, in loading order.",
        subcommands: [List.self, Info.self, New.self, Check.self, Try.self])

    struct List: ParsableCommand {
        enum Format: String, ExpressibleByArgument {
            case text, json
        }

        static let configuration = CommandConfiguration(
            abstract: "Every module that is compiled in, or lies where the configuration says.")

        @OptionGroup var options: CommonOptions

        @Option(help: "text or json.")
        var format = Format.text

        func run() {
            let registered = RegisteredModules(options.load(opening: ModuleOpening()))
            Console.write(diagnostics: registered.diagnostics)
            Console.data(format == .json ? registered.json : registered.table)
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One module: its settings, operations, limits and migrations.")

        @OptionGroup var options: CommonOptions

        @Argument(help: "The module's ID.")
        var id: String

        func run() throws {
            let report = options.load(opening: ModuleOpening())
            let registered = RegisteredModules(report)
            Console.write(diagnostics: registered.diagnostics)
            guard let module = registered.modules.first(where: { $0.id == id }) else {
                let ids = registered.modules.map(\.id).joined(separator: ", ")
                let doubt = registered.isWhole ? "" : ", as far as the configuration, which has mistakes, can be read"
                Console.diagnostic("concord: there is no module \(id)\(doubt); there are: \(ids)")
                throw ExitStatus.badInput
            }
            Console.data(ModuleInfo(module, report).text)
        }
    }
}

extension ModulesCommand {
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the file of an SQL module, or the library of a dynamic one.",
            discussion: "Opens nothing without --probe, but a library, whose code runs: check those that you trust.")

        @OptionGroup var options: CommonOptions

        @Flag(help: "Also have the configured storage read the statements of an SQL module.")
        var probe = false

        @Argument(help: "The file: config/queries/NAME.yaml, or NAME.so.")
        var file: String

        func run() async throws {
            if file.contains(".so") { return try checkLibrary() }
            let (definition, report) = SQLModuleFiles.read(file)
            Console.write(diagnostics: report.text)
            guard let definition else { throw ExitStatus.badInput }
            if probe { try await SQLModuleProbe(options.load().configurationOrExit()).check([definition]) }
            Console.data("\(file): good")
            for method in definition.methods {
                let columns = method.columns.map { "\($0.name) \($0.kind.rawValue)" }.joined(separator: ", ")
                Console.data("  GET /api/v1/\(definition.id)/\(method.name): \(columns)")
            }
        }

        private func checkLibrary() throws {
            do throws(ModuleRefusal) {
                Console.data(try LibraryReport(path: file).text)
            } catch {
                Console.diagnostic("\(file): error: its \(error.key.rawValue) \(error)")
                throw ExitStatus.badInput
            }
        }
    }
}
