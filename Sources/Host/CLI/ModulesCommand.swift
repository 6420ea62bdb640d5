import ArgumentParser
import BuiltIn
import PluginAPI

/// `concord modules`: what is compiled in.
struct ModulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modules", abstract: "Show what is compiled in, in loading order.",
        subcommands: [List.self, Info.self, New.self, Check.self])

    struct List: ParsableCommand {
        enum Format: String, ExpressibleByArgument {
            case text, json
        }

        static let configuration = CommandConfiguration(abstract: "Every registered module.")

        @OptionGroup var options: CommonOptions

        @Option(help: "text or json.")
        var format = Format.text

        func run() {
            Console.data(format == .json ? json : text)
        }

        private var text: String {
            var table = TextTable(header: ["id", "kind", "version", "requires", "summary"])
            for module in BuiltInModules.all {
                let descriptor = module.descriptor
                let requires = descriptor.requires.isEmpty ? "–" : descriptor.requires.joined(separator: ", ")
                table.append([
                    descriptor.id, BuiltInModules.kind(of: module), descriptor.version, requires, descriptor.summary,
                ])
            }
            return table.text
        }

        private var json: String {
            var json = JSONWriter()
            json.array(of: BuiltInModules.all) { json, module in
                json.object { json in
                    json.field("id", module.descriptor.id)
                    json.field("kind", BuiltInModules.kind(of: module))
                    json.field("version", module.descriptor.version)
                    json.field("summary", module.descriptor.summary)
                    json.arrayField("requires", of: module.descriptor.requires) { $0.string($1) }
                }
            }
            return json.text
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One module: its settings and migrations.")

        @OptionGroup var options: CommonOptions

        @Argument(help: "The module's ID.")
        var id: String

        func run() throws {
            guard let module = BuiltInModules.all.first(where: { $0.descriptor.id == id }) else {
                let ids = BuiltInModules.all.map { $0.descriptor.id }.joined(separator: ", ")
                Console.diagnostic("concord: there is no module \(id); there are: \(ids)")
                throw ExitStatus.badInput
            }
            let descriptor = module.descriptor
            Console.data("\(descriptor.id) \(descriptor.version), \(BuiltInModules.kind(of: module))")
            Console.data(descriptor.summary)
            if !descriptor.requires.isEmpty { Console.data("Requires \(descriptor.requires.joined(separator: ", ")).") }
            Console.data("\n" + ModuleTable(keys: module.configuration.keys).text)
            if !module.migrations.isEmpty { Console.data("\nMigrations:") }
            for migration in module.migrations {
                Console.data("  \(descriptor.id)/\(migration.paddedNumber) \(migration.name)")
            }
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
            if file.hasSuffix(".so") { return try checkLibrary() }
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

extension Migration {
    fileprivate var paddedNumber: String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
