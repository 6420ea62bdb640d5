import PluginAPI

/// The modules that are compiled in, as far as configuration is concerned: their names, requirements and keys.
struct ModuleCatalog: Sendable {
    /// One registered module.
    struct Entry: Sendable {
        var descriptor: ModuleDescriptor
        var specification: ConfigurationSpec

        var id: ModuleDescriptor.ModuleID { descriptor.id }

        /// The keys of the module's own section.
        var sectionKeys: [ConfigurationKey] {
            specification.keys.filter { !ModuleCatalog.documentKeys.contains($0.name) }
        }

        /// Whether it cannot run on defaults alone.
        var needsSettings: Bool { sectionKeys.contains(where: \.isNeeded) }

        init(descriptor: ModuleDescriptor, specification: ConfigurationSpec) {
            self.descriptor = descriptor
            self.specification = specification
        }

        init(_ module: any Module.Type) {
            self.init(descriptor: module.descriptor, specification: module.configuration)
        }
    }

    /// Keys that a service declares and the file has at its top, because they concern more than one service.
    static let documentKeys: Set<String> = ["instruments", "retention"]

    /// Services that are loaded whatever is listed: the host asks the book whose accounts are whose.
    static let alwaysLoaded: [ModuleDescriptor.ModuleID] = ["book"]

    /// Chosen by `storage.use`, configured in `storage.<id>`; the first is the default.
    var storages: [Entry]
    /// Chosen by `cache.use`, configured in `cache.<id>`; the first is the default.
    var caches: [Entry]
    /// Listed in `queries`.
    var services: [Entry]
    /// IDs of dynamic modules.
    var dynamicIDs: [ModuleDescriptor.ModuleID] = []

    /// IDs that no other module may have.
    var takenIDs: [ModuleDescriptor.ModuleID] { (storages + caches + services).map(\.id) + dynamicIDs }

    /// A key that a service declares and the file has at its top.
    func documentKey(_ name: String) -> ConfigurationKey? {
        services.lazy.flatMap(\.specification.keys).first { $0.name == name }
    }

    /// The modules that a section chooses from.
    func choices(in section: String) -> [Entry] {
        switch section {
        case "storage": storages
        case "cache": caches
        default: []
        }
    }

    /// What to say about a key that looks like the section of a module, but of none that is compiled in.
    func missingModule(_ entry: Setting.Entry, at section: String) -> ValueProblem? {
        guard section == "storage" || section == "cache", case .mapping = entry.value.content else { return nil }
        return missingModule(entry.key, at: section)
    }

    func missingModule(_ id: String, at section: String) -> ValueProblem {
        ValueProblem(
            "no \(section) module `\(id)` is compiled in",
            hint: NearestName.choiceHint(id, among: choices(in: section).map(\.id)))
    }
}

extension ConfigurationKey {
    /// Whether nothing stands in for it when the file has no value.
    var isNeeded: Bool {
        guard defaultText == nil, !isOptional else { return false }
        if case .section(let keys) = kind { return keys.contains(where: \.isNeeded) }
        return true
    }
}
