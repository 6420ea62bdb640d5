import BuiltIn
import FoundationEssentials
import PluginAPI

/// The files of `modules.sql`.
struct SQLModuleFiles {
    /// Every module whose file is good, by ID, and what is wrong with the others.
    private(set) var definitions: [SQLModuleDefinition] = []
    private(set) var broken: [ConfigurationReport] = []

    private static let end = ".yaml"

    /// What statements may read.
    static let views = BuiltInModules.views

    /// A directory that is not there has no modules.
    init(directory: String, catalog: ModuleCatalog = .compiledIn) {
        for name in Self.names(in: directory) {
            let (definition, report) = Self.read(directory + "/" + name, catalog: catalog)
            if let definition { definitions.append(definition) } else { broken.append(report) }
        }
    }

    /// Files that are modules, in byte order of their names; hidden ones are somebody's way of saving.
    static func names(in directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(end) && !$0.hasPrefix(".") }.sorted()
    }

    /// Reads one file.
    static func read(
        _ path: String, catalog: ModuleCatalog = .compiledIn
    ) -> (definition: SQLModuleDefinition?, report: ConfigurationReport) {
        do throws(FileProblem) {
            let bytes = try TextFile.bytes(of: path, max: YAMLReader.bytesMax)
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return SQLModuleReader.read(
                ConfigurationSource(name: path, bytes: bytes),
                id: name.hasSuffix(end) ? String(name.dropLast(end.count)) : name, views: views,
                catalog: catalog)
        } catch {
            let mistake = ConfigurationMistake(at: .file(.start), "the file \(error.detail)")
            let source = ConfigurationSource(name: path, bytes: [])
            let report = ConfigurationReport(
                source: source, specification: HostSpec(catalog), document: nil, mistakes: [mistake])
            return (nil, report)
        }
    }
}
