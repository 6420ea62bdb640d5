import ArgumentParser
import BuiltIn
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
        enum Kind: String, ExpressibleByArgument, CaseIterable {
            case compiled, sql, dynamic
        }

        static let configuration = CommandConfiguration(
            abstract: "Begin a query service: sources in this tree, a file with SQL, or a package of its own.",
            discussion: """
                compiled   a folder in Sources/Plugins, tests, and the lines that name them; run it in Concord's source tree.
                sql        a file in the directory that modules.sql names; no build.
                dynamic    a package in a folder of its name, for a library that a host loads while it runs.
                """)

        @OptionGroup var options: CommonOptions

        @Option(help: "compiled, sql or dynamic.")
        var kind = Kind.compiled

        @Option(help: "dynamic: the folder concord-plugin-api, from here.")
        var api = "concord-plugin-api"

        @Argument(
            help: "compiled and dynamic: a Swift type's name, such as Turnover. sql: the module's ID, such as turnover."
        )
        var name: String

        func run() throws {
            switch kind {
            case .compiled: try beginCompiled()
            case .sql: try beginSQL()
            case .dynamic: try beginDynamic()
            }
        }

        private func beginDynamic() throws {
            try begin {
                let module = try ModuleName(name)
                guard FileManager.default.fileExists(atPath: "\(api)/Package.swift") else {
                    throw ScaffoldRefusal("\(api) is not there; say where concord-plugin-api is: --api FOLDER")
                }
                guard !ModuleCatalog.compiledIn.takenIDs.contains(module.id),
                    !SQLModuleReader.taken.contains(module.id), module.id != QueryPath.hostModule
                else {
                    throw ScaffoldRefusal("the ID `\(module.id)` is a module's or the host's own; name another")
                }
                guard !api.contains(where: { "\"\\\n".contains($0) }) else {
                    throw ScaffoldRefusal("\(api.debugDescription) has a character that a manifest cannot name")
                }
                let scaffold = DynamicScaffold(module: module, api: api.hasPrefix("/") ? api : "../\(api)")
                let paths = try scaffold.write(in: FileManager.default.currentDirectoryPath)
                Console.data(paths.joined(separator: "\n"))
                Console.diagnostic("next: cd \(module.text) && swift test && swift build -c release")
            }
        }

        private func begin(_ work: () throws -> Void) throws {
            do {
                try work()
            } catch let refusal as ScaffoldRefusal {
                Console.diagnostic("concord: \(refusal)")
                throw ExitStatus.badInput
            } catch {
                Console.diagnostic("concord: nothing was begun: \(error)")
                throw ExitStatus.failed
            }
        }

        private func beginCompiled() throws {
            try begin {
                let module = try ModuleName(name)
                let tree = try SourceTree(around: FileManager.default.currentDirectoryPath)
                let paths = try tree.add(module, knownIDs: BuiltInModules.all.map { $0.descriptor.id })
                Console.data(paths.joined(separator: "\n"))
                Console.data("\(module.type): GET /api/v1/\(module.id)/by_symbol, once `queries` lists \(module.id)")
                Console.diagnostic(
                    "next: swift build --build-tests && swift test --skip-build --filter \(module.tests)")
            }
        }

        private func beginSQL() throws {
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
