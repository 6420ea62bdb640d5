import PluginAPI

/// A setting that is another in one configuration than in the other.
struct ChangedSetting: Sendable, Equatable {
    /// Dotted, as in messages: `queries.guards.drawdown.max`.
    var path: String
    /// As the file would have it, secrets as `•••`; `nil` where it was not there.
    var before: String?
    var after: String?
    /// Whether it takes effect without a restart.
    var isReloadable: Bool
    /// Where the new value was written.
    var origin: SettingOrigin
    /// Where the old one was.
    var originBefore: SettingOrigin
}

/// What differs between two checked configurations, in the order of the specification.
///
/// Sections of modules that neither uses are left out: nothing is made of them.
struct ConfigurationDifference {
    private(set) var settings: [ChangedSetting] = []
    private let specification: HostSpec

    /// - Parameter specification: Of the new configuration.
    init(from old: CheckedSetting, to new: CheckedSetting, _ specification: HostSpec) {
        self.specification = specification
        compare(.section(specification.keys), old, new, at: "", isReloadable: true)
    }

    private mutating func compare(
        _ kind: ConfigurationKind,
        _ old: CheckedSetting?,
        _ new: CheckedSetting?,
        at path: String,
        isReloadable: Bool
    ) {
        guard !specification.idleSections.contains(path) else { return }
        switch kind {
        case .section(let keys):
            for key in keys {
                compare(
                    key.kind, old?[key.name], new?[key.name], at: SettingsReader.join(path, key.name),
                    isReloadable: isReloadable && key.isReloadable)
            }
        case .mapping(let kind):
            for name in Self.names(old, new) {
                let (before, after, place) = (old?[name], new?[name], SettingsReader.join(path, name))
                if before == nil || after == nil {
                    note(before, after, at: place, isReloadable: isReloadable)
                } else {
                    compare(kind, before, after, at: place, isReloadable: isReloadable)
                }
            }
        case .list where path == "queries": compareServices(Self.services(old), Self.services(new))
        default:
            if !Self.isSame(old, new, isReloadable: isReloadable) {
                note(old, new, at: path, isReloadable: isReloadable)
            }
        }
    }

    private mutating func note(
        _ old: CheckedSetting?,
        _ new: CheckedSetting?,
        at path: String,
        isReloadable: Bool
    ) {
        settings.append(
            ChangedSetting(
                path: path, before: old?.brief, after: new?.brief, isReloadable: isReloadable,
                origin: new?.origin ?? .preset, originBefore: old?.origin ?? .preset))
    }

    /// The list itself, and the settings of services that are in both.
    private mutating func compareServices(_ old: [CheckedSetting.Entry], _ new: [CheckedSetting.Entry]) {
        let (before, after) = (old.map(\.key), new.map(\.key))
        if before != after {
            settings.append(
                ChangedSetting(
                    path: "queries", before: before.joined(separator: ", "), after: after.joined(separator: ", "),
                    isReloadable: true, origin: new.first?.setting.origin ?? .preset,
                    originBefore: old.first?.setting.origin ?? .preset))
        }
        for entry in new {
            guard let known = old.first(where: { $0.key == entry.key }),
                let module = specification.catalog.services.first(where: { $0.id == entry.key })
            else { continue }
            compare(
                .section(module.sectionKeys), known.setting, entry.setting, at: "queries.\(entry.key)",
                isReloadable: true)
        }
    }

    private static func services(_ list: CheckedSetting?) -> [CheckedSetting.Entry] {
        list?.items.compactMap(\.entries.first) ?? []
    }

    /// Keys of both, those of the new one first.
    private static func names(_ old: CheckedSetting?, _ new: CheckedSetting?) -> [String] {
        let names = new?.entries.map(\.key) ?? []
        return names + (old?.entries.map(\.key) ?? []).filter { !names.contains($0) }
    }

    /// A secret that takes a restart to change is read again where it came from by whoever connects with it, so that it is
    /// the same as long as that gives the same.
    private static func isSame(_ old: CheckedSetting?, _ new: CheckedSetting?, isReloadable: Bool) -> Bool {
        if !isReloadable, case .secret(let old)? = old?.value, case .secret(let new)? = new?.value {
            let now = (try? old.current()) ?? old.revealed()
            return now.utf8.elementsEqual(new.revealed().utf8)
        }
        return old?.value == new?.value
    }
}

extension CheckedSetting {
    /// In one line.
    fileprivate var brief: String {
        switch content {
        case .scalar(_, let text): text
        case .list(let items): "[\(items.map(\.brief).joined(separator: ", "))]"
        case .mapping(let entries):
            "{\(entries.map { "\($0.key): \($0.setting.brief)" }.joined(separator: ", "))}"
        }
    }
}
