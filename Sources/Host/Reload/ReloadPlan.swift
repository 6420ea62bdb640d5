import PluginAPI

/// What a changed configuration does to each module, and which settings make the difference.
struct ReloadPlan: Sendable, Equatable {
    enum Change: String, Sendable {
        /// The module is carried over as it is.
        case unchanged
        /// It is made anew and started beside the one in use, which then is drained and stopped.
        case changed
        case added
        case removed
    }

    struct Module: Sendable, Equatable {
        var id: ModuleDescriptor.ModuleID
        var kind: String
        var change: Change
        /// Which of the changed settings are its own.
        var settings: [String] = []
        /// Modules that it requires and that are made anew, so that it has to be as well.
        var requirements: [ModuleDescriptor.ModuleID] = []
    }

    /// In starting order; those that are removed come last.
    let modules: [Module]
    let settings: [ChangedSetting]

    init(from old: LoadedModules, to new: LoadedModules, _ settings: [ChangedSetting]) {
        let oldIDs = Set(old.host.all.map(\.id))
        let newIDs = Set(new.host.all.map(\.id))
        let kept = new.host.all.map { module in
            let change: Change =
                new.made.isCarried(module.id) ? .unchanged : oldIDs.contains(module.id) ? .changed : .added
            guard change == .changed else { return Module(id: module.id, kind: module.kind.rawValue, change: change) }
            let type = Swift.type(of: module.module)
            return Module(
                id: module.id, kind: module.kind.rawValue, change: change,
                settings: settings.map(\.path).filter { Self.isSetting($0, of: type, module.kind) },
                requirements: type.descriptor.requires.filter { !new.made.isCarried($0) })
        }
        let removed = old.host.all.filter { !newIDs.contains($0.id) }.map {
            Module(id: $0.id, kind: $0.kind.rawValue, change: .removed)
        }
        modules = kept + removed
        self.settings = settings
    }

    /// Those that are made anew or go, whose kept answers are wrong from then on.
    var left: [ModuleDescriptor.ModuleID] {
        modules.filter { $0.change == .changed || $0.change == .removed }.map(\.id)
    }

    /// For the log: `guards changed, positions removed`.
    var summary: String {
        let changes = modules.filter { $0.change != .unchanged }.map { "\($0.id) \($0.change.rawValue)" }
        return changes.isEmpty ? "all unchanged" : changes.joined(separator: ", ")
    }

    /// For the log: `limits.body, queries.guards.drawdown.max`.
    var settingNames: String { settings.map(\.path).joined(separator: ", ") }

    private static func isSetting(_ path: String, of type: any PluginAPI.Module.Type, _ kind: ModuleKind) -> Bool {
        if kind == .cache, path == "cache.prefix" { return true }
        if path == "modules.dynamic" { return ModuleLibraries.shared.has(type) }
        let section = kind == .query ? "queries" : kind.rawValue
        if path.hasPrefix("\(section).\(type.descriptor.id).") { return true }
        let name = String(path.prefix { $0 != "." })
        return ModuleCatalog.documentKeys.contains(name) && type.configuration.keys.contains { $0.name == name }
    }

    func write(to json: inout JSONWriter) {
        json.arrayField("modules", of: modules) { json, module in
            json.object { json in
                json.field("id", module.id)
                json.field("kind", module.kind)
                json.field("change", module.change.rawValue)
                json.arrayField("settings", of: module.settings) { $0.string($1) }
                json.arrayField("requirements", of: module.requirements) { $0.string($1) }
            }
        }
        json.arrayField("settings", of: settings) { json, setting in
            json.object { json in
                json.field("key", setting.path)
                json.field("before", setting.before)
                json.field("after", setting.after)
            }
        }
    }

    static let schema: Schema = .object([
        "modules": .array(
            .object([
                "id": .text, "kind": .choice(["storage", "cache", "query"]),
                "change": .choice(["unchanged", "changed", "added", "removed"]), "settings": .array(.text),
                "requirements": .array(.text),
            ])),
        "settings": .array(.object(["key": .text, "before": .optional(.text), "after": .optional(.text)])),
    ])
}
