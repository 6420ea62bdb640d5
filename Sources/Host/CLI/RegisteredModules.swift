import BuiltIn
import PluginAPI

/// Every module that the program or its directories have, whether or not the configuration loads it.
struct RegisteredModules {
    struct Entry {
        var descriptor: ModuleDescriptor
        var kind: String
        var source: ModuleSource
        var keys: [ConfigurationKey] = []
        var migrations: [Migration] = []
        /// What it is made from, where that is a file of its own.
        var file: String?

        var id: ModuleDescriptor.ModuleID { descriptor.id }
    }

    /// In loading order.
    let modules: [Entry]
    /// What is wrong with the configuration and with files that would be modules.
    let diagnostics: String
    /// Whether the configuration can be used.
    let isWhole: Bool

    /// - Parameter report: May be of a broken configuration: what it says of directories is heeded where it can be read.
    init(_ report: ConfigurationReport) {
        let compiled = BuiltInModules.all.map { type in
            Entry(
                descriptor: type.descriptor, kind: BuiltInModules.kind(of: type), source: .compiled,
                keys: type.configuration.keys, migrations: type.migrations)
        }
        let files = report.sqlModules?.definitions ?? []
        modules =
            compiled + (report.document?.dynamicModules ?? []).map { Self.entry($0.source) }
            + files.map { Entry(descriptor: $0.descriptor, kind: "query", source: .sql, file: $0.file) }
        diagnostics = report.text
        isWhole = report.configuration != nil
    }

    private static func entry(_ source: DynamicModuleSource) -> Entry {
        let type = ModuleLibraries.shared[source.digest]?.type
        let unknown = ModuleDescriptor(id: source.id, summary: "Not opened", version: "–")
        return Entry(
            descriptor: type?.descriptor ?? unknown, kind: "query", source: .dynamic,
            keys: type?.configuration.keys ?? [], file: source.file)
    }

    var table: String {
        var table = TextTable(header: ["id", "kind", "source", "version", "stability", "requires", "summary"])
        for module in modules {
            let descriptor = module.descriptor
            let requires = descriptor.requires.isEmpty ? "–" : descriptor.requires.joined(separator: ", ")
            table.append([
                descriptor.id, module.kind, module.source.rawValue, descriptor.version, descriptor.stability.rawValue,
                requires, descriptor.summary,
            ])
        }
        return table.text
    }

    var json: String {
        var json = JSONWriter()
        json.array(of: modules) { json, module in
            json.object { json in
                json.field("id", module.id)
                json.field("kind", module.kind)
                json.field("source", module.source.rawValue)
                json.field("version", module.descriptor.version)
                json.field("stability", module.descriptor.stability.rawValue)
                json.field("summary", module.descriptor.summary)
                json.arrayField("requires", of: module.descriptor.requires) { $0.string($1) }
                json.field("file", module.file)
            }
        }
        return json.text
    }
}
