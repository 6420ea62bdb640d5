import PluginAPI

/// A setting that is as its specification wants it, with where it came from.
struct CheckedSetting: Sendable, Equatable {
    indirect enum Content: Sendable, Equatable {
        /// The value, and its text as the file would have it.
        case scalar(ConfigurationValue, text: String)
        /// In the specification's order.
        case mapping([Entry])
        case list([CheckedSetting])
    }

    struct Entry: Sendable, Equatable {
        var key: String
        var setting: CheckedSetting
    }

    var content: Content
    var origin: SettingOrigin

    var value: ConfigurationValue {
        switch content {
        case .scalar(let value, _): value
        case .list(let items): .list(items.map(\.value))
        case .mapping(let entries):
            .mapping(Dictionary(entries.map { ($0.key, $0.setting.value) }) { first, _ in first })
        }
    }

    var entries: [Entry] {
        if case .mapping(let entries) = content { entries } else { [] }
    }

    var items: [CheckedSetting] {
        if case .list(let items) = content { items } else { [] }
    }

    subscript(key: String) -> CheckedSetting? {
        entries.first { $0.key == key }?.setting
    }

    /// The setting at a dotted path of keys.
    func setting(at path: String) -> CheckedSetting? {
        path.split(separator: ".").reduce(self) { setting, key in setting?[String(key)] }
    }

    /// The section as modules read theirs.
    var moduleConfiguration: ModuleConfiguration {
        if case .mapping(let values) = value { ModuleConfiguration(values) } else { ModuleConfiguration() }
    }
}
