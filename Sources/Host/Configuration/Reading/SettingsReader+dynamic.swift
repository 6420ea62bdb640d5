import PluginAPI

extension SettingsReader {
    /// The list `modules.dynamic`. Each library is opened, for it alone knows which settings its module has.
    mutating func dynamicModules(_ setting: Setting) -> CheckedSetting? {
        if setting.isEmpty { return CheckedSetting(content: .list([]), origin: setting.origin) }
        guard case .list(let items) = setting.content else {
            add(
                at: setting.origin, path: "modules.dynamic", "`modules.dynamic` is no list",
                hint: "write each module as an item: - { id: NAME, file: NAME.so, sha256: DIGEST }")
            return nil
        }
        var checked: [CheckedSetting] = []
        for (index, item) in items.enumerated() {
            guard let module = dynamicModule(item, at: "modules.dynamic[\(index)]", after: checked) else { continue }
            checked.append(module)
        }
        return CheckedSetting(content: .list(checked), origin: setting.origin)
    }

    private mutating func dynamicModule(
        _ item: Setting,
        at path: String,
        after earlier: [CheckedSetting]
    ) -> CheckedSetting? {
        let before = mistakes.count
        let config = item["config"] ?? Setting(content: .mapping([]), origin: .preset)
        let keys = HostSpec.dynamicModule.filter { $0.name != "config" }
        guard case .mapping(let entries) = item.content else { return section(keys, item, at: path) }
        let own = Setting(content: .mapping(entries.filter { $0.key != "config" }), origin: item.origin)
        guard var checked = section(keys, own, at: path), mistakes.count == before,
            let source = DynamicModuleSource(checked), isFree(source.id, item, at: path, after: earlier)
        else { return nil }
        do throws(ModuleRefusal) {
            let module = try opening.open(source)
            let place = "modules.dynamic.\(source.id).config"
            switch module {
            case .loaded(let specification):
                guard let settings = section(specification.keys, config, at: place) else { return nil }
                checked.append("config", settings)
            case .sidelined(let reason):
                // Only its code knows its settings.
                let unchecked = item["config"] == nil ? "" : "; its `config` is not checked"
                add(
                    .warning, at: item.origin, path: path, "the host starts without \(source.id): \(reason)\(unchecked)"
                )
            case .left: break
            }
            return checked
        } catch {
            let name = error.key == .directory ? "modules.directory" : "\(path).\(error.key.rawValue)"
            let origin = item.entries.first { $0.key == error.key.rawValue }?.value.origin ?? item.origin
            add(at: origin, path: name, "`\(name)` \(error.detail)", hint: error.hint)
            return nil
        }
    }

    private mutating func isFree(_ id: String, _ item: Setting, at path: String, after earlier: [CheckedSetting])
        -> Bool
    {
        let origin = item["id"]?.origin ?? item.origin
        guard let kind = takenBy(id, earlier) else { return true }
        add(
            at: origin, path: "\(path).id", "`\(path).id` is “\(id)”, which \(kind)",
            hint: "every module has an ID of its own")
        return false
    }

    /// What has the ID already, as a clause.
    private func takenBy(_ id: String, _ earlier: [CheckedSetting]) -> String? {
        if catalog.takenIDs.contains(id) || id == QueryPath.hostModule { return "is compiled in" }
        return earlier.contains { $0["id"]?.value.text == id } ? "another item has" : nil
    }
}

extension CheckedSetting {
    fileprivate mutating func append(_ key: String, _ setting: CheckedSetting) {
        content = .mapping(entries + [Entry(key: key, setting: setting)])
    }
}
