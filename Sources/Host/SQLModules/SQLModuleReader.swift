import PluginAPI

/// Reads a module's file into its definition, or into everything that is wrong with it. Opens nothing.
struct SQLModuleReader {
    private let source: ConfigurationSource
    private let id: String
    private let views: [StoredView]
    private var reader: SettingsReader
    private var mistakes: [ConfigurationMistake] = []

    /// - Parameter catalog: The other modules: their IDs are taken.
    static func read(
        _ source: ConfigurationSource, id: String, views: [StoredView], catalog: ModuleCatalog
    ) -> (definition: SQLModuleDefinition?, report: ConfigurationReport) {
        var reader = SQLModuleReader(source, id: id, views: views, catalog: catalog)
        let definition = reader.definition(taken: catalog.takenIDs)
        let report = ConfigurationReport(
            source: source, specification: HostSpec(catalog), document: nil, mistakes: reader.mistakes)
        return (report.errors.isEmpty ? definition : nil, report)
    }

    private init(_ source: ConfigurationSource, id: String, views: [StoredView], catalog: ModuleCatalog) {
        self.source = source
        self.id = id
        self.views = views
        reader = SettingsReader(catalog: catalog, idleSections: [])
    }

    // MARK: Keys

    /// Of the whole file.
    static let top = [
        ConfigurationKey("summary", .text, default: "\"-\"", "One line for lists and documentation."),
        ConfigurationKey(
            "stability", .choice(ModuleDescriptor.Stability.allCases.map(\.rawValue)), default: "stable",
            "What those who call it may rely on."),
        ConfigurationKey(
            "scope", .choice(["accounts", "platform"]), default: "accounts",
            "Whose rows views show: the caller's accounts, or everybody's, for operators."),
        ConfigurationKey("methods", .mapping(.section(method)), "The queries by name, each a path below the module's."),
    ]

    private static let method = [
        ConfigurationKey("summary", .text, default: "\"-\"", "One line for the documentation."),
        ConfigurationKey("params", .mapping(.section(parameter)), default: "{}", "The query's parameters by name."),
        ConfigurationKey(
            "columns", .mapping(.choice(["boolean", "integer", "decimal", "text", "timestamp"])), default: "{}",
            "What columns of the answer hold that are more than a view's column."),
        ConfigurationKey(
            "ttl", .duration(.zero ... .seconds(86_400)), optional: true,
            "How long an answer is fresh; the host's default."),
        ConfigurationKey("limits", .section(limits), "What an answer may take."),
        ConfigurationKey("sql", .text, "The statement: SELECT over views, with $name for each parameter."),
    ]

    private static let parameter = [
        ConfigurationKey(
            "type", .choice(SQLParameterKeys.types),
            "What it is."),
        ConfigurationKey("default", .text, optional: true, "Its value where it is absent, as a client would write it."),
        ConfigurationKey("required", .boolean, default: "false", "Whether a request must have it; else it is NULL."),
        ConfigurationKey("choices", .list(.text), default: "[]", "The values of a choice."),
        ConfigurationKey("min", .decimal("-91999999999"..."91999999999"), optional: true, "The least number."),
        ConfigurationKey("max", .decimal("-91999999999"..."91999999999"), optional: true, "The greatest number."),
        ConfigurationKey("summary", .text, default: "\"-\"", "One line for the documentation."),
    ]

    private static let limits = [
        ConfigurationKey("rows", .integer(1...10_000), default: "1000", "Rows."),
        ConfigurationKey("bytes", .size(1_024...67_108_864), default: "1MiB", "Bytes of all values."),
        ConfigurationKey("time", .duration(.milliseconds(10) ... .seconds(60)), default: "5s", "How long it may run."),
    ]

    // MARK: Reading

    private mutating func definition(taken: [String]) -> SQLModuleDefinition? {
        let (setting, formMistakes) = YAMLReader.read(source)
        mistakes += formMistakes
        guard let setting else { return nil }
        checkName(taken)
        let meaningless = SQLParameterKeys.meaningless(in: setting)
        let checked = reader.section(Self.top, setting.withStatementsInLines, at: "")
        // A key that is to be dropped needs no other value before.
        mistakes +=
            meaningless + reader.mistakes.filter { mistake in !meaningless.contains { $0.path == mistake.path } }
        guard let checked, mistakes.isEmpty else { return nil }
        let methods = checked["methods"]?.entries ?? []
        if methods.isEmpty { add(checked.origin, "methods", "a module has at least one method") }
        return SQLModuleDefinition(
            id: id, summary: summary(checked),
            stability: checked["stability"]?.value.text.flatMap { .init(rawValue: $0) } ?? .stable,
            isForPlatform: checked["scope"]?.value.text == "platform",
            methods: methods.compactMap { method($0, written: setting["methods"]?[$0.key]) }, file: source.name,
            text: source.bytes)
    }

    /// First parts of paths that the host and its services have, and names of its checks and logs.
    static let taken: Set<String> = [
        "accounts", "admin", "approvals", "cache", "database", "docs", "health", "host", "http", "instruments",
        "metrics",
        "openapi", "ready", "redis", "scheduler", "signals", "snapshots", "sql", "statements", "trades", "trading",
    ]

    private mutating func checkName(_ taken: [String]) {
        let isName =
            id.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } == true
            && id.utf8.count <= 64 && id.utf8.allSatisfy(AnswerColumns.isNamePart)
        if !isName {
            add(.file(.start), "", "the file's name `\(id)` is no module's ID", "lower-case letters, digits and `_`")
        } else if taken.contains(id)
            || Self.taken.contains(id)
        {
            add(.file(.start), "", "the name `\(id)` belongs to what is compiled in", "give the file another one")
        }
    }

    private mutating func method(_ entry: CheckedSetting.Entry, written: Setting?) -> SQLModuleDefinition.Method? {
        let (setting, path) = (entry.setting, "methods.\(entry.key)")
        guard entry.key.utf8.allSatisfy(AnswerColumns.isNamePart), !entry.key.isEmpty else {
            add(setting.origin, path, "`\(entry.key)` is no method's name", "lower-case letters, digits and `_`")
            return nil
        }
        guard let sql = written?["sql"], case .scalar(let scalar) = sql.content, let start = sql.origin.position else {
            return nil
        }
        let place = SQLPlace(of: scalar.text, at: start, in: source)
        let parameters = (setting["params"]?.entries ?? []).compactMap { parameter($0, at: path) }
        do throws(SQLMistake) {
            let statement = try NamedStatement(scalar.text)
            try check(statement, declares: setting["params"]?.entries ?? [], path)
            let kinds = Dictionary(parameters.map { ($0.name, $0.valueKind) }) { first, _ in first }
            try DecimalRules(statement, views: views, parameters: kinds).check()
            let columns = try AnswerColumns(statement, declared: declared(setting), views: views).columns()
            return SQLModuleDefinition.Method(
                name: entry.key, summary: summary(setting), parameters: parameters,
                ttl: setting["ttl"].flatMap { Self.duration($0) },
                limits: Self.limits(setting["limits"]), statement: statement, columns: columns, place: place)
        } catch {
            add(.file(place.position(of: error.offset, in: scalar.text)), path + ".sql", error.detail, error.hint)
            return nil
        }
    }

    /// Every parameter is declared and used.
    private mutating func check(
        _ statement: NamedStatement, declares entries: [CheckedSetting.Entry], _ path: String
    ) throws(SQLMistake) {
        for entry in entries where !statement.parameters.contains(entry.key) {
            add(
                entry.setting.origin, "\(path).params.\(entry.key)", "the statement does not use $\(entry.key)",
                "drop it, or use it")
        }
        let names = entries.map(\.key)
        for token in statement.tokens {
            guard case .parameter(let name) = token.kind, !names.contains(name) else { continue }
            throw SQLMistake(
                detail: "the parameter $\(name) is not declared",
                hint: NearestName.hint(name, among: names) ?? "declare it: params: { \(name): { type: text } }",
                offset: token.range.lowerBound)
        }
    }

    private mutating func parameter(_ entry: CheckedSetting.Entry, at path: String) -> SQLParameter? {
        let (setting, place) = (entry.setting, "\(path).params.\(entry.key)")
        let isName = entry.key.utf8.first.map { $0 != UInt8(ascii: "_") && !(0x30...0x39).contains($0) } ?? false
        guard isName, entry.key.utf8.allSatisfy(AnswerColumns.isNamePart) else {
            add(setting.origin, place, "`\(entry.key)` is no parameter's name", "lower-case letters, digits and `_`")
            return nil
        }
        guard !["account_id", "cursor"].contains(entry.key) else {
            add(
                setting.origin, place, "the host adds `\(entry.key)` itself",
                "views show the caller's accounts only; drop it")
            return nil
        }
        guard let kind = kind(setting, place) else { return nil }
        var parameter = SQLParameter(
            name: entry.key, kind: kind, preset: nil, isRequired: setting.moduleConfiguration.boolean("required"),
            summary: summary(setting))
        guard let preset = setting["default"], let text = preset.value.text else { return parameter }
        do {
            let now = Timestamp(microseconds: 0)
            let value = try ParameterText(parsing: text, as: kind, now: now)
            parameter.preset = .value(value.value)
            if value.isRelative, case .timestamp(let time) = value.value {
                parameter.preset = .ago(.microseconds(-time.microseconds))
            }
            return parameter
        } catch {
            add(preset.origin, place + ".default", "the default \(error.detail)")
            return nil
        }
    }

    private mutating func kind(_ setting: CheckedSetting, _ place: String) -> Parameter.Kind? {
        let type = setting["type"]?.value.text ?? ""
        let (least, greatest) = (Self.number(setting["min"]), Self.number(setting["max"]))
        if let least, let greatest, greatest < least {
            add(setting.origin, place, "`max` is less than `min`")
            return nil
        }
        switch type {
        case "id": return .id
        case "symbol": return .symbol
        case "boolean": return .boolean
        case "time": return .time
        case "duration": return .duration
        case "integer":
            for bound in [least, greatest].compactMap({ $0 }) where bound.rescaled(to: 0) == nil {
                add(setting.origin, place, "\(bound) bounds whole numbers and is none")
                return nil
            }
            let whole = { (number: FixedDecimal?) in number?.rescaled(to: 0).flatMap { Int64(exactly: $0.units) } }
            return .integer((whole(least) ?? .min)...(whole(greatest) ?? .max))
        case "decimal": return .decimal((least ?? "-91999999999.99999999")...(greatest ?? "91999999999.99999999"))
        case "choice":
            let choices = setting["choices"]?.items.compactMap(\.value.text) ?? []
            if choices.isEmpty { add(setting.origin, place, "a choice needs its `choices`") }
            return choices.isEmpty ? nil : .choice(choices)
        default: return .text(maxBytes: 256)
        }
    }

    private func declared(_ setting: CheckedSetting) -> [String: ValueKind] {
        (setting["columns"]?.entries ?? []).reduce(into: [:]) { kinds, entry in
            kinds[entry.key] = entry.setting.value.text.flatMap(ValueKind.init)
        }
    }

    private static func limits(_ setting: CheckedSetting?) -> SQLModuleDefinition.Limits {
        let limits = setting?.moduleConfiguration ?? ModuleConfiguration()
        return SQLModuleDefinition.Limits(
            rows: limits.integer("rows"), bytes: limits.size("bytes"), time: limits.duration("time"))
    }

    private static func duration(_ setting: CheckedSetting) -> Duration? {
        if case .duration(let duration) = setting.value { duration } else { nil }
    }

    private static func number(_ setting: CheckedSetting?) -> FixedDecimal? {
        if case .decimal(let number)? = setting?.value { number } else { nil }
    }

    private func summary(_ setting: CheckedSetting) -> String {
        let text = setting["summary"]?.value.text ?? "-"
        return text == "-" ? "" : text
    }

    private mutating func add(_ origin: SettingOrigin, _ path: String, _ detail: String, _ hint: String? = nil) {
        mistakes.append(ConfigurationMistake(at: origin, path: path, detail, hint: hint))
    }
}

extension Setting {
    /// The same with statements written in one line: other values of a configuration have no line breaks.
    fileprivate var withStatementsInLines: Setting {
        guard let methods = self["methods"] else { return self }
        return replacing("methods", methods.mappingEntries { $0.mappingEntry("sql") { $0.inOneLine } })
    }

    private func mappingEntries(_ body: (Setting) -> Setting) -> Setting {
        guard case .mapping(let entries) = content else { return self }
        let mapped = entries.map { Entry(key: $0.key, origin: $0.origin, value: body($0.value)) }
        return Setting(content: .mapping(mapped), origin: origin)
    }

    private func mappingEntry(_ key: String, _ body: (Setting) -> Setting) -> Setting {
        self[key].map { replacing(key, body($0)) } ?? self
    }

    private func replacing(_ key: String, _ value: Setting) -> Setting {
        guard case .mapping(let entries) = content else { return self }
        let replaced = entries.map { $0.key == key ? Entry(key: key, origin: $0.origin, value: value) : $0 }
        return Setting(content: .mapping(replaced), origin: origin)
    }

    private var inOneLine: Setting {
        guard case .scalar(var scalar) = content else { return self }
        scalar.text = String(String.UnicodeScalarView(scalar.text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        return Setting(content: .scalar(scalar), origin: origin)
    }
}
