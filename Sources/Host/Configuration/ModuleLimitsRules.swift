import PluginAPI

/// Whether `modules.limits.of` names modules that are called.
///
/// A module that is not there may come later, as a file does, so that none of this is an error.
struct ModuleLimitsRules {
    let catalog: ModuleCatalog
    let files: SQLModuleFiles

    func warnings(of document: CheckedSetting?) -> [ConfigurationMistake] {
        (document?.setting(at: "modules.limits.of")?.entries ?? []).compactMap { entry in
            let path = "modules.limits.of.\(entry.key)"
            if let kind = kindWithoutCalls(entry.key) {
                return warning(
                    entry, path, "`\(path)` has no effect: \(kind)", "take it out; limits are those of query services")
            }
            return misspelt(entry.key).map { nearest in
                warning(entry, path, "`\(path)` names no module that is here", "did you mean `\(nearest)`?")
            }
        }
    }

    private func kindWithoutCalls(_ id: String) -> String? {
        if id == QueryPath.hostModule { return "the host's own operations have no limits but the request's" }
        if catalog.storages.contains(where: { $0.id == id }) { return "it is a storage" }
        return catalog.caches.contains { $0.id == id } ? "it is a cache" : nil
    }

    private func misspelt(_ id: String) -> String? {
        let compiled = catalog.services.map(\.id)
        let known = compiled + catalog.dynamicIDs + files.definitions.map(\.id)
        // Any of the broken files may be the one that is meant.
        guard files.broken.isEmpty, !known.contains(id) else { return nil }
        return NearestName.of(id, among: compiled)
    }

    private func warning(
        _ entry: CheckedSetting.Entry, _ path: String, _ detail: String, _ hint: String
    ) -> ConfigurationMistake {
        ConfigurationMistake(.warning, at: entry.setting.origin, path: path, detail, hint: hint)
    }
}
