import PluginAPI

/// Lays environment variables and flags over the file's settings, lowest precedence first: aliases, `CONCORD__…` paths,
/// flags.
struct OverrideLayer {
    static let prefix = "CONCORD__"

    let specification: HostSpec
    private(set) var setting: Setting
    private(set) var mistakes: [ConfigurationMistake] = []

    init(_ specification: HostSpec, over setting: Setting) {
        self.specification = specification
        self.setting = setting
    }

    // MARK: Aliases

    mutating func apply(_ alias: VariableAlias, _ value: String) {
        guard alias.backend == nil || isCompiledIn(alias) else { return }
        let text: String
        do {
            text = try alias.text(value)
        } catch {
            return refuse(.variable(alias.name), alias.path, "`\(alias.name)` \(error.detail)", error.hint)
        }
        switch resolve(alias.path) {
        case .success(let target): put(text, target, .variable(alias.name))
        case .failure:
            let path = alias.path.joined(separator: ".")
            let detail = "`\(alias.name)` is set and has no effect: there is no `\(path)` here"
            mistakes.append(ConfigurationMistake(.warning, at: .variable(alias.name), path: path, detail))
        }
    }

    private func isCompiledIn(_ alias: VariableAlias) -> Bool {
        guard let backend = alias.backend else { return true }
        return specification.catalog.choices(in: backend.section).contains { $0.id == backend.module }
    }

    // MARK: Paths

    /// `CONCORD__SERVER__PORT`: keys in any case, joined by two underscores.
    mutating func apply(variable name: String, _ value: String) {
        let segments = name.dropFirst(OverrideLayer.prefix.count).split(
            separator: "__", omittingEmptySubsequences: false)
        switch resolve(segments.map(String.init)) {
        case .success(let target): put(value, target, .variable(name))
        case .failure(let problem):
            refuse(.variable(name), [], "`\(name)` \(problem.detail)", problem.hint)
        }
    }

    mutating func apply(_ flag: SettingOverride) {
        switch resolve(flag.path) {
        case .success(let target): put(flag.text, target, flag.origin)
        case .failure(let problem): refuse(flag.origin, flag.path, "the flag \(problem.detail)", problem.hint)
        }
    }

    private mutating func put(_ text: String, _ target: Target, _ origin: SettingOrigin) {
        if target.path.first == "queries", target.path.count > 1 {
            return putInService(Setting.text(text, from: origin), target.path)
        }
        setting.put(target.isList ? OverrideLayer.list(text, origin) : .text(text, from: origin), at: target.path)
    }

    /// A list is given whole, its items between commas.
    private static func list(_ text: String, _ origin: SettingOrigin) -> Setting {
        let items = text.split(separator: ",").map { item in
            Setting.text(String(item.drop { $0 == " " }), from: origin)
        }
        return Setting(content: .list(items), origin: origin)
    }

    /// Settings of a service go into its item of the list; a bare name becomes a name with settings.
    private mutating func putInService(_ value: Setting, _ path: [String]) {
        var items = queryItems
        for (index, item) in items.enumerated() where item.serviceName == path[1] {
            var settings = item.entries.first?.value ?? Setting(content: .mapping([]), origin: item.origin)
            settings.put(value, at: path.dropFirst(2))
            let entry = Setting.Entry(key: path[1], origin: item.entries.first?.origin ?? item.origin, value: settings)
            items[index].content = .mapping([entry])
        }
        setting.put(Setting(content: .list(items), origin: setting["queries"]?.origin ?? .preset), at: ["queries"])
    }

    private var queryItems: [Setting] {
        guard let written = setting["queries"] else {
            return specification.defaultServices.map { .text($0, from: .preset) }
        }
        if case .list(let items) = written.content { return items }
        return []
    }

    private mutating func refuse(_ origin: SettingOrigin, _ path: [String], _ detail: String, _ hint: String?) {
        mistakes.append(ConfigurationMistake(at: origin, path: path.joined(separator: "."), detail, hint: hint))
    }
}

extension OverrideLayer {
    /// The setting that a path leads to.
    struct Target: Equatable {
        var path: [String]
        var isList: Bool
    }

    func resolve(_ segments: [String]) -> Result<Target, ValueProblem> {
        Result { () throws(ValueProblem) -> Target in
            if segments.count > 1, segments[0].lowercased() == "queries" { return try service(segments) }
            return try descend(.section(specification.keys), segments[...], [])
        }
    }

    private func service(_ segments: [String]) throws(ValueProblem) -> Target {
        let services = specification.catalog.services
        guard let module = services.first(where: { $0.id == segments[1].lowercased() }) else {
            throw ValueProblem(
                "names no query service that is compiled in",
                hint: NearestName.choiceHint(segments[1], among: services.map(\.id)))
        }
        guard queryItems.contains(where: { $0.serviceName == module.id }) else {
            throw ValueProblem("is about `\(module.id)`, which is not in `queries`")
        }
        return try descend(.section(module.sectionKeys), segments[2...], ["queries", module.id])
    }

    private func descend(
        _ kind: ConfigurationKind,
        _ segments: ArraySlice<String>,
        _ path: [String]
    ) throws(ValueProblem) -> Target {
        guard let segment = segments.first else { return try end(kind, path) }
        switch kind {
        case .section(let keys):
            guard let key = keys.first(where: { $0.name.lowercased() == segment.lowercased() }) else {
                throw unknown(segment, keys, path)
            }
            return try descend(key.kind, segments.dropFirst(), path + [key.name])
        case .mapping(let kind): return try descend(kind, segments.dropFirst(), path + [written(segment, path)])
        case .either(let kinds):
            guard let inner = kinds.first(where: { !$0.isScalar }) else { throw leftover(segment, path) }
            return try descend(inner, segments, path)
        default: throw leftover(segment, path)
        }
    }

    private func end(_ kind: ConfigurationKind, _ path: [String]) throws(ValueProblem) -> Target {
        switch kind {
        case .list(let item):
            if case .section = item { throw ValueProblem("is a list of mappings, which only the file can have") }
            return Target(path: path, isList: true)
        case .section(let keys):
            throw ValueProblem(
                "names a section", hint: "add one of its keys: \(keys.map(\.name).joined(separator: ", "))")
        case .mapping: throw ValueProblem("names a mapping", hint: "add the name of an entry")
        case .either(let kinds):
            if kinds.contains(where: \.isScalar) { return Target(path: path, isList: false) }
            return Target(path: path, isList: true)
        default: return Target(path: path, isList: false)
        }
    }

    /// A free key as the file has it, whatever the case; else as the variable has it.
    private func written(_ segment: String, _ path: [String]) -> String {
        var setting: Setting? = setting
        for key in path { setting = setting?[key] }
        return setting?.entries.first { $0.key.lowercased() == segment.lowercased() }?.key ?? segment
    }

    private func unknown(_ segment: String, _ keys: [ConfigurationKey], _ path: [String]) -> ValueProblem {
        let section = path.joined(separator: ".")
        let name = segment.lowercased()
        let near = NearestName.of(name, among: keys.map(\.name))
        if let near {
            let variable = OverrideLayer.prefix + (path + [near]).map { $0.uppercased() }.joined(separator: "__")
            return ValueProblem("is no setting", hint: "did you mean `\(variable)`?")
        }
        if ["storage", "cache"].contains(section) { return specification.catalog.missingModule(name, at: section) }
        return ValueProblem("is no setting", hint: NearestName.hint(name, among: keys.map(\.name)))
    }

    private func leftover(_ segment: String, _ path: [String]) -> ValueProblem {
        ValueProblem("is no setting", hint: "`\(path.joined(separator: "."))` is one value and has no keys")
    }
}

extension Setting {
    /// The service that an item of `queries` names.
    fileprivate var serviceName: String? {
        switch content {
        case .scalar(let scalar): scalar.text
        case .mapping(let entries): entries.first?.key
        case .list: nil
        }
    }
}
