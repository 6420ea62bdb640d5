import PluginAPI

extension SettingsReader {
    /// The `queries` list: names of services, or a name with its settings; and before each what it requires.
    mutating func queries(_ setting: Setting) -> CheckedSetting? {
        guard case .list(let items) = setting.content else {
            guard setting.isEmpty else {
                add(
                    at: setting.origin, path: "queries", "`queries` is no list",
                    hint: "write each service as an item: - name, or - name: { settings }")
                return nil
            }
            return CheckedSetting(content: .list(ordered([], setting.origin)), origin: setting.origin)
        }
        var named: [CheckedSetting.Entry] = []
        for (index, item) in items.enumerated() {
            guard let entry = service(item, at: "queries[\(index)]") else { continue }
            if let earlier = named.first(where: { $0.key == entry.key }) {
                let place = earlier.setting.origin.position.map { "; line \($0.line) has it already" } ?? ""
                add(at: item.origin, path: "queries", "the service `\(entry.key)` is here a second time\(place)")
            } else {
                named.append(entry)
            }
        }
        return CheckedSetting(content: .list(ordered(named, setting.origin)), origin: setting.origin)
    }

    private mutating func service(_ item: Setting, at path: String) -> CheckedSetting.Entry? {
        let written: Setting.Entry
        switch item.content {
        case .scalar(let scalar) where !item.isEmpty:
            let none = Setting(content: .mapping([]), origin: item.origin)
            written = Setting.Entry(key: scalar.text, origin: item.origin, value: none)
        case .mapping(let entries) where entries.count == 1:
            written = entries[0]
        case .mapping(let entries) where entries.count > 1:
            add(
                at: entries[1].origin, path: path,
                "one item names two services, `\(entries[0].key)` and `\(entries[1].key)`",
                hint: "settings are indented below their service; each service is an item of its own")
            return nil
        default:
            add(at: item.origin, path: path, "an item of `queries` is a service's name, or a name with its settings")
            return nil
        }
        guard let module = catalog.services.first(where: { $0.id.utf8.elementsEqual(written.key.utf8) }) else {
            let ids = catalog.services.map(\.id)
            let detail = "no query service `\(written.key)` is compiled in"
            add(at: written.origin, path: path, detail, hint: NearestName.choiceHint(written.key, among: ids))
            return nil
        }
        var checked =
            section(module.sectionKeys, written.value, at: "queries.\(module.id)")
            ?? CheckedSetting(content: .mapping([]), origin: written.origin)
        checked.origin = written.origin
        return CheckedSetting.Entry(key: module.id, setting: checked)
    }

    /// Puts what each service requires before it, with all defaults.
    private mutating func ordered(_ named: [CheckedSetting.Entry], _ origin: SettingOrigin) -> [CheckedSetting] {
        let order: [String]
        let always = ModuleCatalog.alwaysLoaded.filter { id in catalog.services.contains { $0.id == id } }
        do {
            order = try ModulePlan(
                wanted: named.map(\.key) + always, registered: catalog.services.map(\.descriptor)
            ).order
        } catch {
            add(at: origin, path: "queries", "\(error)")
            return []
        }
        return order.compactMap { id in
            let given = named.first { $0.key == id }
            let required = catalog.services.first { $0.id == id }
            guard let entry = given ?? required.flatMap({ implied($0) }) else { return nil }
            return CheckedSetting(content: .mapping([entry]), origin: entry.setting.origin)
        }
    }

    private mutating func implied(_ module: ModuleCatalog.Entry) -> CheckedSetting.Entry? {
        let nothing = Setting(content: .mapping([]), origin: .preset)
        return section(module.sectionKeys, nothing, at: "queries.\(module.id)")
            .map { CheckedSetting.Entry(key: module.id, setting: $0) }
    }
}
