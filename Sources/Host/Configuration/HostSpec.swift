import PluginAPI

/// Every key of the configuration file: the host's own, and the sections of the modules that are compiled in.
struct HostSpec: Sendable {
    let catalog: ModuleCatalog
    /// The modules that `use` names; their sections are filled with defaults, the others' may be incomplete.
    var storageInUse: String
    var cacheInUse: String

    static let rate = ConfigurationKind.integer(1...1_000_000_000)
    static let moment = ConfigurationKind.duration(.zero ... .seconds(86_400))
    static let deadline = ConfigurationKind.duration(.milliseconds(100) ... .seconds(3600))

    init(_ catalog: ModuleCatalog, storageInUse: String? = nil, cacheInUse: String? = nil) {
        self.catalog = catalog
        self.storageInUse = storageInUse ?? HostSpec.preset(catalog.storages, "sqlite")
        self.cacheInUse = cacheInUse ?? HostSpec.preset(catalog.caches, "none")
    }

    private static func preset(_ modules: [ModuleCatalog.Entry], _ otherwise: String) -> String {
        modules.first?.id ?? otherwise
    }

    /// Sections of modules that are not in use.
    var idleSections: Set<String> {
        let storages = catalog.storages.map(\.id).filter { $0 != storageInUse }.map { "storage.\($0)" }
        let caches = catalog.caches.map(\.id).filter { !cachesInUse.contains($0) }.map { "cache.\($0)" }
        return Set(storages + caches)
    }

    /// The one that `use` names, and the in-process one in front of it.
    private var cachesInUse: Set<String> {
        guard cacheInUse != "none" else { return [] }
        return Set([cacheInUse] + (catalog.caches.first.map { [$0.id] } ?? []))
    }

    /// Which of all keys hold secrets. One that does in any section does in all.
    var secretNames: SecretNames {
        let all = HostSpec.flattened(keys)
        let secret = Set(all.filter(\.isSecret).map(\.name))
        return SecretNames(secret: secret, plain: Set(all.map(\.name)).subtracting(secret))
    }

    var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "environment", .choice(["development", "production"]), default: "development", reloadable: false,
                "What the host is for; production refuses what is only good enough at a desk."),
            ConfigurationKey("server", .section(HostSpec.server), "Where clients are answered."),
            ConfigurationKey("admin", .section(HostSpec.admin), "Where operators are answered; loopback only."),
            ConfigurationKey("auth", .section(HostSpec.auth), "Who is let in."),
            ConfigurationKey("storage", .section(storage), "Where everything is kept."),
            ConfigurationKey("cache", .section(cache), "Where answers are remembered."),
            queries,
            instruments,
            ConfigurationKey("modules", .section(HostSpec.modules), "Where modules that are not compiled in lie."),
            ConfigurationKey("limits", .section(HostSpec.limits), "What one caller may ask of the host."),
            ConfigurationKey("cors", .section(HostSpec.cors), "Which web pages may call the API from a browser."),
        ] + retention + [
            ConfigurationKey("log", .section(HostSpec.log), "What is written to standard error.")
        ]
    }

    // MARK: Sections with modules in them

    private var storage: [ConfigurationKey] {
        let own = [
            ConfigurationKey(
                "use", .choice(catalog.storages.map(\.id)), default: storageInUse, reloadable: false,
                "The storage module in use."),
            ConfigurationKey(
                "migrate", .choice(["auto", "manual"]), default: "auto",
                "Whether the start applies pending migrations, or stops (exit 3)."),
        ]
        return own + HostSpec.sections(of: catalog.storages, inUse: [storageInUse])
    }

    private var cache: [ConfigurationKey] {
        let own = [
            ConfigurationKey(
                "use", .choice(catalog.caches.map(\.id) + ["none"]), default: cacheInUse, reloadable: false,
                "The cache module in use, or none."),
            ConfigurationKey("prefix", .text, default: "concord_", "What every key of a shared cache begins with."),
            ConfigurationKey(
                "default_ttl", HostSpec.moment, default: "10s",
                "How long an answer is fresh when its operation does not say."),
            ConfigurationKey(
                "stale_if_error", HostSpec.moment, default: "60s",
                "How long after that it may still be served while storage is down."),
        ]
        return own + HostSpec.sections(of: catalog.caches, inUse: cachesInUse)
    }

    private static func sections(of modules: [ModuleCatalog.Entry], inUse: Set<String>) -> [ConfigurationKey] {
        modules.map { module in
            ConfigurationKey(
                module.id, .section(module.specification.keys), optional: !inUse.contains(module.id),
                "\(module.descriptor.summary).")
        }
    }

    private var queries: ConfigurationKey {
        let names = ConfigurationKind.choice(catalog.services.map(\.id))
        let sections = catalog.services.map { module in
            ConfigurationKey(
                module.id, .section(module.sectionKeys), optional: true, "\(module.descriptor.summary).")
        }
        return ConfigurationKey(
            "queries", .list(.either([names, .section(sections)])),
            default: "[\(defaultServices.joined(separator: ", "))]",
            "Query services to load, in order: a name, or a name with its settings.")
    }

    /// All that no other requires and that run on defaults alone.
    var defaultServices: [String] {
        let required = Set(catalog.services.flatMap(\.descriptor.requires))
        return catalog.services.filter { !required.contains($0.id) && !$0.needsSettings }.map(\.id)
    }

    private var instruments: ConfigurationKey {
        let kind = catalog.documentKey("instruments")?.kind ?? .mapping(.section(HostSpec.instrument))
        return ConfigurationKey(
            "instruments", kind, default: "{}", "What the built-in table of instruments does not know, or has wrong.")
    }

    /// There is something to keep only where a module keeps it.
    private var retention: [ConfigurationKey] { catalog.documentKey("retention").map { [$0] } ?? [] }

    private static func flattened(_ keys: [ConfigurationKey]) -> [ConfigurationKey] {
        keys.flatMap { [$0] + flattened($0.kind.sectionKeys) }
    }
}

extension ConfigurationKind {
    /// The keys of all sections inside this kind.
    var sectionKeys: [ConfigurationKey] {
        switch self {
        case .section(let keys): keys
        case .mapping(let kind), .list(let kind): kind.sectionKeys
        case .either(let kinds): kinds.flatMap(\.sectionKeys)
        default: []
        }
    }
}
