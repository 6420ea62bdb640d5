import PluginAPI

/// Checks settings against their specification, and lists every mistake.
///
/// Each setting is read on its own; what depends on several is ``HostRules``' business.
struct SettingsReader {
    /// What is registered, for the `queries` list and for messages about modules that are not.
    let catalog: ModuleCatalog
    /// Dotted paths of sections whose module is not in use: their required keys may be missing.
    let idleSections: Set<String>
    /// Whether a missing key stays missing.
    let isWhole: Bool
    /// For secrets that are read again later.
    var readFile: @Sendable (String) -> Result<String, FileProblem> = TextFile.text(of:)
    /// For dynamic modules.
    var opening = ModuleOpening()
    private(set) var mistakes: [ConfigurationMistake] = []

    init(catalog: ModuleCatalog, idleSections: Set<String>, isWhole: Bool = true) {
        self.catalog = catalog
        self.idleSections = idleSections
        self.isWhole = isWhole
    }

    /// The whole document.
    mutating func root(_ setting: Setting, _ keys: [ConfigurationKey]) -> CheckedSetting? {
        section(keys, setting, at: "")
    }

    // MARK: Sections

    mutating func section(_ keys: [ConfigurationKey], _ setting: Setting, at path: String) -> CheckedSetting? {
        guard let entries = entries(of: setting, ConfigurationKind.section(keys), at: path) else { return nil }
        for entry in entries where !keys.contains(where: { $0.name.utf8.elementsEqual(entry.key.utf8) }) {
            unknown(entry, keys, at: path)
        }
        var checked: [CheckedSetting.Entry] = []
        for key in keys {
            let place = SettingsReader.join(path, key.name)
            guard let value = self.key(key, setting[key.name], in: setting, at: place) else { continue }
            checked.append(CheckedSetting.Entry(key: key.name, setting: value))
        }
        return CheckedSetting(content: .mapping(checked), origin: setting.origin)
    }

    private mutating func key(
        _ key: ConfigurationKey,
        _ written: Setting?,
        in section: Setting,
        at path: String
    ) -> CheckedSetting? {
        if let written { return value(key.kind, written, isSecret: key.isSecret, at: path) }
        if let preset = preset(of: key) { return value(preset.kind, preset.setting, isSecret: key.isSecret, at: path) }
        let isIdle = idleSections.contains { path.hasPrefix($0 + ".") }
        if !key.isOptional, !isIdle, isWhole {
            add(at: section.origin, path: path, "`\(path)` is required", hint: "it is \(key.kind.phrase)")
        }
        return nil
    }

    /// What an absent key stands for: its default, or a section whose keys have defaults of their own.
    private func preset(of key: ConfigurationKey) -> (kind: ConfigurationKind, setting: Setting)? {
        if let text = key.defaultText { return (key.kind, Setting.preset(text, key.kind)) }
        guard !key.isOptional, case .section = key.kind else { return nil }
        return (key.kind, Setting(content: .mapping([]), origin: .preset))
    }

    private mutating func unknown(_ entry: Setting.Entry, _ keys: [ConfigurationKey], at path: String) {
        let place = SettingsReader.join(path, entry.key)
        if let missing = catalog.missingModule(entry, at: path) {
            return add(at: entry.origin, path: place, missing.detail, hint: missing.hint)
        }
        let whole = path.isEmpty ? "" : " in `\(path)`"
        let hint =
            entry.key == "<<"
            ? "merge keys are not read; write the keys out"
            : NearestName.hint(entry.key, among: keys.map(\.name))
        add(at: entry.origin, path: place, "unknown key `\(entry.key)`\(whole)", hint: hint)
    }

    // MARK: Values

    mutating func value(
        _ kind: ConfigurationKind,
        _ setting: Setting,
        isSecret: Bool = false,
        at path: String
    ) -> CheckedSetting? {
        switch kind {
        case .section(let keys): return section(keys, setting, at: path)
        case .mapping(let kind): return mapping(of: kind, setting, at: path)
        case .list where path == "queries": return queries(setting)
        case .list where path == "modules.dynamic": return dynamicModules(setting)
        case .list(let kind): return list(of: kind, setting, at: path)
        case .either(let kinds): return either(kinds, setting, isSecret: isSecret, at: path)
        default: return scalar(kind, setting, isSecret: isSecret, at: path)
        }
    }

    private mutating func scalar(
        _ kind: ConfigurationKind,
        _ setting: Setting,
        isSecret: Bool,
        at path: String
    ) -> CheckedSetting? {
        guard case .scalar(let scalar) = setting.content else {
            wrongShape(setting, kind, isSecret: isSecret, at: path)
            return nil
        }
        guard !setting.isEmpty else {
            add(at: setting.origin, path: path, "`\(path)` has no value", hint: "write \(kind.phrase), or drop the key")
            return nil
        }
        do throws(ValueProblem) {
            if kind.refusesQuotes, !scalar.isPlain, !scalar.isExpanded {
                throw ValueProblem("is text", hint: "write it without quotes")
            }
            let value = try kind.value(of: scalar.text)
            let kept = isSecret ? ConfigurationValue.secret(secret(scalar)) : value
            return CheckedSetting(content: .scalar(kept, text: isSecret ? "•••" : scalar.text), origin: setting.origin)
        } catch {
            refuse(scalar, kind, error, setting.origin, isSecret: isSecret, at: path)
            return nil
        }
    }

    /// A secret that lies in a file, whole or in part, is read again when it is needed again.
    private func secret(_ scalar: Setting.Scalar) -> Secret {
        guard let template = scalar.template else { return Secret(scalar.text) }
        let readFile = readFile
        return Secret(scalar.text) { () throws(SecretUnreadable) in try template.current(readFile) }
    }

    /// What came through a variable may be secret: then nothing of the text is repeated.
    private mutating func refuse(
        _ scalar: Setting.Scalar,
        _ kind: ConfigurationKind,
        _ problem: ValueProblem,
        _ origin: SettingOrigin,
        isSecret: Bool,
        at path: String
    ) {
        guard isSecret || scalar.isExpanded else {
            return add(at: origin, path: path, "`\(path)`: \(scalar.quoted) \(problem.detail)", hint: problem.hint)
        }
        let detail = "`\(path)`: the value, not repeated here, is not \(kind.phrase)"
        add(at: origin, path: path, detail, hidesSource: isSecret)
    }

    private mutating func mapping(of kind: ConfigurationKind, _ setting: Setting, at path: String) -> CheckedSetting? {
        guard let entries = entries(of: setting, .mapping(kind), at: path) else { return nil }
        let checked = entries.compactMap { entry in
            value(kind, entry.value, at: SettingsReader.join(path, entry.key))
                .map { CheckedSetting.Entry(key: entry.key, setting: $0) }
        }
        return CheckedSetting(content: .mapping(checked), origin: setting.origin)
    }

    private mutating func list(of kind: ConfigurationKind, _ setting: Setting, at path: String) -> CheckedSetting? {
        if setting.isEmpty { return CheckedSetting(content: .list([]), origin: setting.origin) }
        guard case .list(let items) = setting.content else {
            wrongShape(setting, .list(kind), at: path)
            return nil
        }
        let checked = items.enumerated().compactMap { index, item in value(kind, item, at: "\(path)[\(index)]") }
        return CheckedSetting(content: .list(checked), origin: setting.origin)
    }

    /// The first kind of the setting's shape that takes it.
    private mutating func either(
        _ kinds: [ConfigurationKind],
        _ setting: Setting,
        isSecret: Bool,
        at path: String
    ) -> CheckedSetting? {
        let fitting = kinds.filter { $0.fits(setting) }
        if fitting.count == 1 { return value(fitting[0], setting, isSecret: isSecret, at: path) }
        let before = mistakes
        for kind in fitting {
            let checked = value(kind, setting, isSecret: isSecret, at: path)
            if let checked, mistakes.count == before.count { return checked }
            mistakes = before
        }
        if case .scalar(let scalar) = setting.content, !fitting.isEmpty {
            let problem = ValueProblem(
                "is not as it should be", hint: "it is \(ConfigurationKind.either(fitting).phrase)")
            refuse(scalar, .either(fitting), problem, setting.origin, isSecret: isSecret, at: path)
        } else {
            wrongShape(setting, .either(kinds), isSecret: isSecret, at: path)
        }
        return nil
    }

    /// The entries of a mapping; none of an empty value.
    private mutating func entries(
        of setting: Setting,
        _ kind: ConfigurationKind,
        at path: String
    ) -> [Setting.Entry]? {
        if setting.isEmpty { return [] }
        guard case .mapping(let entries) = setting.content else {
            wrongShape(setting, kind, at: path)
            return nil
        }
        return entries
    }

    // MARK: Mistakes

    private mutating func wrongShape(
        _ setting: Setting,
        _ kind: ConfigurationKind,
        isSecret: Bool = false,
        at path: String
    ) {
        let place = path.isEmpty ? "the configuration" : "`\(path)`"
        add(
            at: setting.origin, path: path, "\(place) is \(setting.shape)", hint: "it should be \(kind.phrase)",
            hidesSource: isSecret)
    }

    mutating func add(
        _ severity: ConfigurationMistake.Severity = .error,
        at origin: SettingOrigin,
        path: String,
        _ detail: String,
        hint: String? = nil,
        hidesSource: Bool = false
    ) {
        mistakes.append(
            ConfigurationMistake(severity, at: origin, path: path, detail, hint: hint, hidesSource: hidesSource))
    }

    static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

extension ConfigurationKind {
    /// Whether a setting has the shape of this kind, whatever is in it.
    fileprivate func fits(_ setting: Setting) -> Bool {
        switch (self, setting.content) {
        case (.either(let kinds), _): kinds.contains { $0.fits(setting) }
        case (.section, .mapping), (.mapping, .mapping), (.list, .list): true
        case (_, .scalar): isScalar
        default: false
        }
    }
}

extension Setting {
    /// A default as the specification writes it.
    static func preset(_ text: String, _ kind: ConfigurationKind) -> Setting {
        if kind.isScalar { return .text(text, from: .preset) }
        let read = YAMLReader.read(ConfigurationSource(name: "default", text: text)).setting
        return read?.replacingOrigin(.preset) ?? .text(text, from: .preset)
    }

    func replacingOrigin(_ origin: SettingOrigin) -> Setting {
        switch content {
        case .scalar: Setting(content: content, origin: origin)
        case .list(let items): Setting(content: .list(items.map { $0.replacingOrigin(origin) }), origin: origin)
        case .mapping(let entries):
            Setting(
                content: .mapping(
                    entries.map { Entry(key: $0.key, origin: origin, value: $0.value.replacingOrigin(origin)) }),
                origin: origin
            )
        }
    }

    fileprivate var shape: String {
        switch content {
        case .scalar: "one value"
        case .mapping: "a mapping"
        case .list: "a list"
        }
    }
}

extension Setting.Scalar {
    /// The text in quotes, cut when long.
    var quoted: String { text.count > 60 ? "“\(text.prefix(60))…”" : "“\(text)”" }
}
