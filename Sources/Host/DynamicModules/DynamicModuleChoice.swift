import PluginAPI

/// Where a dynamic module comes from, as an item of `modules.dynamic` says.
struct DynamicModuleSource: Sendable, Hashable {
    var id: ModuleDescriptor.ModuleID
    /// A name in `modules.directory`.
    var file: String
    /// SHA-256 in lower-case hexadecimal.
    var digest: String

    init(id: ModuleDescriptor.ModuleID, file: String, digest: String) {
        (self.id, self.file, self.digest) = (id, file, digest)
    }

    /// - Parameter item: The checked item; `nil` when something is missing in it.
    init?(_ item: CheckedSetting) {
        guard let id = item["id"]?.value.text, let file = item["file"]?.value.text,
            let digest = item["sha256"]?.value.text
        else { return nil }
        (self.id, self.file, self.digest) = (id, file, digest.lowercased())
    }
}

/// A dynamic module and its settings.
struct DynamicModuleChoice: Sendable, Equatable {
    var source: DynamicModuleSource
    var configuration: ModuleConfiguration

    var id: ModuleDescriptor.ModuleID { source.id }

    init(_ module: (source: DynamicModuleSource, settings: CheckedSetting)) {
        source = module.source
        configuration = module.settings.moduleConfiguration
    }
}

extension CheckedSetting {
    /// The items of `modules.dynamic`, of the whole document.
    var dynamicModules: [(id: String, source: DynamicModuleSource, settings: CheckedSetting)] {
        (setting(at: "modules.dynamic")?.items ?? []).compactMap { item in
            guard let source = DynamicModuleSource(item) else { return nil }
            let settings = item["config"] ?? CheckedSetting(content: .mapping([]), origin: item.origin)
            return (source.id, source, settings)
        }
    }
}
