import PluginAPI

extension HostConfiguration {
    /// - Precondition: The document was checked against ``HostSpec`` and ``HostRules`` without a mistake.
    init(_ document: CheckedSetting, _ specification: HostSpec) {
        let root = document.moduleConfiguration
        let (storage, cache) = (root.section("storage"), root.section("cache"))
        self.init(
            environment: Environment(rawValue: root.text("environment")) ?? .production,
            server: Listener(root.section("server")),
            compressFrom: root.section("server").text("compression") == "gzip"
                ? root.section("server").size("compress_from") : nil,
            admin: Listener(root.section("admin")),
            auth: Auth(root.section("auth"), SecretSource(document) ?? .configured(Secret(""))),
            storage: StorageChoice(
                id: storage.text("use"),
                migratesAtStart: storage.text("migrate") == "auto",
                configuration: storage.section(storage.text("use"))
            ),
            cache: CacheChoice(cache),
            services: HostConfiguration.services(document, specification.catalog),
            modules: ModulePlaces(
                root.section("modules"), requestMax: root.section("limits").duration("request_timeout")),
            dynamicModules: document.dynamicModules.map { DynamicModuleChoice(($0.source, $0.settings)) },
            limits: Limits(root.section("limits")),
            corsOrigins: root.section("cors").list("origins").compactMap(\.text),
            log: Log(root.section("log"))
        )
    }

    private static func services(_ document: CheckedSetting, _ catalog: ModuleCatalog) -> [ServiceChoice] {
        let items = document["queries"]?.items ?? []
        return items.compactMap(\.entries.first).map { entry in
            var configuration = entry.setting.moduleConfiguration
            let declared = catalog.services.first { $0.id == entry.key }?.specification.keys ?? []
            for key in declared where ModuleCatalog.documentKeys.contains(key.name) {
                configuration.values[key.name] = document[key.name]?.value
            }
            return ServiceChoice(id: entry.key, configuration: configuration)
        }
    }
}

extension SecretSource {
    /// The configured secret, or a file beside the database; `nil` when there is neither.
    init?(_ document: CheckedSetting) {
        if case .scalar(.secret(let secret), _) = document.setting(at: "auth.jwt.secret")?.content {
            self = .configured(secret)
        } else if let use = document.setting(at: "storage.use")?.value.text,
            let path = document.setting(at: "storage.\(use).path")?.value.text
        {
            self = .generatedBeside(path: path + ".jwt-secret")
        } else {
            return nil
        }
    }
}

extension HostConfiguration.Listener {
    init(_ section: ModuleConfiguration) {
        self.init(host: section.text("host"), port: section.integer("port"))
    }
}

extension HostConfiguration.Auth {
    init(_ section: ModuleConfiguration, _ secret: SecretSource) {
        let jwt = section.section("jwt")
        self.init(
            secret: secret,
            lifetime: jwt.duration("lifetime"),
            leeway: jwt.duration("leeway"),
            roles: section.section("roles").values.compactMapValues { $0.text.flatMap(Role.init(rawValue:)) }
        )
    }
}

extension HostConfiguration.CacheChoice {
    init(_ section: ModuleConfiguration) {
        let use = section.text("use")
        self.init(
            id: use == "none" ? nil : use,
            configuration: use == "none" ? ModuleConfiguration() : section.section(use),
            local: section.has("memory") ? section.section("memory") : ModuleConfiguration(),
            prefix: section.text("prefix"),
            defaultTTL: section.duration("default_ttl"),
            staleIfError: section.duration("stale_if_error")
        )
    }
}

extension HostConfiguration.ModulePlaces {
    init(_ section: ModuleConfiguration, requestMax: Duration) {
        self.init(
            directory: section.text("directory"), sql: section.text("sql"), traps: section.text("traps"),
            startMax: section.duration("start_timeout"),
            limits: ModuleLimitsTable(section.section("limits"), requestMax: requestMax))
    }
}

extension ModuleLimitsTable {
    /// - Parameter requestMax: How long a request may take, and so each call in it.
    init(_ section: ModuleConfiguration, requestMax: Duration) {
        usual = ModuleLimits(
            callsMax: section.integer("calls"), waitingMax: section.integer("queue"),
            deadline: section.has("deadline") ? min(section.duration("deadline"), requestMax) : requestMax,
            replyMax: section.size("reply"),
            failuresMax: section.integer("failures"), pause: section.duration("pause"))
        outsideCallsMax = section.integer("outside_calls")
        own = section.section("of").values.compactMapValues { value in
            guard case .mapping(let values) = value else { return nil }
            return Own(ModuleConfiguration(values), requestMax: requestMax)
        }
    }
}

extension ModuleLimitsTable.Own {
    init(_ section: ModuleConfiguration, requestMax: Duration) {
        if section.has("calls") { callsMax = section.integer("calls") }
        if section.has("queue") { waitingMax = section.integer("queue") }
        if section.has("deadline") { deadline = min(section.duration("deadline"), requestMax) }
        if section.has("reply") { replyMax = section.size("reply") }
        if section.has("failures") { failuresMax = section.integer("failures") }
        if section.has("pause") { pause = section.duration("pause") }
    }
}

extension HostConfiguration.Limits {
    init(_ section: ModuleConfiguration) {
        self.init(
            requestsPerMinute: section.integer("requests_per_minute"),
            agentRequestsPerMinute: section.integer("agent_requests_per_minute"),
            failedAuthPerMinute: section.integer("failed_auth_per_minute"),
            bodyMax: section.size("body"),
            requestTimeout: section.duration("request_timeout")
        )
    }
}

extension HostConfiguration.Log {
    init(_ section: ModuleConfiguration) {
        self.init(
            level: LogLevel(rawValue: section.text("level")) ?? .info,
            format: Format(rawValue: section.text("format")) ?? .json
        )
    }
}

extension ConfigurationValue {
    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }
}
