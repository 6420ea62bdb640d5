import PluginAPI

/// What reading the configuration came to.
struct ConfigurationReport: Sendable {
    /// More are counted, not listed.
    static let listedMax = 1000

    let source: ConfigurationSource
    let specification: HostSpec
    /// The settings as far as they are good.
    let document: CheckedSetting?
    /// In the order of the file, then those of the environment and the flags; each once.
    private(set) var mistakes: [ConfigurationMistake]
    /// What lies in `modules.sql`, once it was looked at.
    private(set) var sqlModules: SQLModuleFiles?

    init(
        source: ConfigurationSource,
        specification: HostSpec,
        document: CheckedSetting?,
        mistakes: [ConfigurationMistake]
    ) {
        self.source = source
        self.specification = specification
        self.document = document
        self.mistakes = ConfigurationReport.sorted(mistakes)
    }

    var errors: [ConfigurationMistake] { mistakes.filter { $0.severity == .error } }
    var warnings: [ConfigurationMistake] { mistakes.filter { $0.severity == .warning } }

    /// `nil` when anything is wrong.
    var configuration: HostConfiguration? {
        guard errors.isEmpty, brokenFiles.isEmpty, let document else { return nil }
        var configuration = HostConfiguration(document, specification)
        configuration.sqlModules = sqlModules?.definitions ?? []
        return configuration
    }

    /// Every mistake, those in files of modules last, each with the report whose source it is in.
    var placedErrors: [(report: ConfigurationReport, mistake: ConfigurationMistake)] {
        errors.map { (self, $0) } + brokenFiles.flatMap { file in file.errors.map { (file, $0) } }
    }

    /// Files of modules with mistakes in them.
    var brokenFiles: [ConfigurationReport] { sqlModules?.broken ?? [] }

    /// The same with what lies in the directory that `modules.sql` names.
    func withSQLModules(catalog: ModuleCatalog) -> ConfigurationReport {
        guard let directory = document?.setting(at: "modules.sql")?.value.text else { return self }
        var (report, catalog) = (self, catalog)
        catalog.dynamicIDs = document?.dynamicModules.map(\.id) ?? []
        let files = SQLModuleFiles(directory: directory, catalog: catalog)
        report.sqlModules = files
        for warning in ModuleLimitsRules(catalog: catalog, files: files).warnings(of: document) { report.add(warning) }
        return report
    }

    /// Adds what a module says of its section when it is put together, at the place of the key.
    ///
    /// - Parameters:
    ///   - key: The path within the module's section, as in ``ModuleError/misconfigured(key:detail:)``.
    ///   - detail: A clause that follows the key.
    mutating func add(module id: ModuleDescriptor.ModuleID, key: String, detail: String) {
        let section = key.isEmpty ? dynamicItem(id) ?? section(of: id, for: key) : section(of: id, for: key)
        let setting = section?.setting.setting(at: key) ?? section?.setting
        let place = section?.path ?? id
        let path = key.isEmpty ? place : SettingsReader.join(place, key)
        let mistake = ConfigurationMistake(at: setting?.origin ?? .preset, path: path, "`\(path)` \(detail)")
        add(mistake)
    }

    mutating func add(_ mistake: ConfigurationMistake) {
        mistakes = ConfigurationReport.sorted(mistakes + [mistake])
    }

    /// What is wrong with a dynamic module as a whole is not in its settings, which may not be written at all.
    private func dynamicItem(_ id: String) -> (path: String, setting: CheckedSetting)? {
        let items = document?.setting(at: "modules.dynamic")?.items ?? []
        guard let index = items.firstIndex(where: { $0["id"]?.value.text == id }) else { return nil }
        return ("modules.dynamic[\(index)]", items[index])
    }

    private func section(of id: String, for key: String) -> (path: String, setting: CheckedSetting)? {
        if let document, ModuleCatalog.documentKeys.contains(String(key.prefix { $0 != "." })) { return ("", document) }
        for path in ["storage.\(id)", "cache.\(id)"] {
            if let setting = document?.setting(at: path) { return (path, setting) }
        }
        if let module = document?.dynamicModules.first(where: { $0.id == id }) {
            return ("modules.dynamic.\(id).config", module.settings)
        }
        let service = document?["queries"]?.items.lazy.compactMap(\.entries.first).first { $0.key == id }
        return service.map { ("queries.\(id)", $0.setting) }
    }

    private static func sorted(_ mistakes: [ConfigurationMistake]) -> [ConfigurationMistake] {
        var seen: Set<ConfigurationMistake> = []
        let unique = mistakes.filter { seen.insert($0).inserted }
        let end = SourcePosition(line: .max, column: .max)
        let ordered = unique.enumerated().sorted { left, right in
            let (a, b) = (left.element.origin.position ?? end, right.element.origin.position ?? end)
            return a == b ? left.offset < right.offset : a < b
        }
        return ordered.map(\.element)
    }
}
