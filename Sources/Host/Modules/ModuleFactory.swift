import BuiltIn
import PluginAPI

/// Puts the configured modules together, each with what it is lent; nothing is opened.
struct ModuleFactory {
    let clock: any HostClock
    let metrics: any Metrics
    let invalidator: any CacheInvalidator
    let board: ModuleStatusBoard
    let logger: @Sendable (ModuleDescriptor.ModuleID) -> any Logger

    /// What the factory has made.
    struct Modules {
        var host: ModuleHost
        /// The storage as modules see it.
        var storage: any StorageBackend
        /// The cache in use, for operators.
        var cache: (any CacheBackend)?
        /// What the host looks at first; `nil` for `cache.use: none`.
        var localCache: (any SynchronousCache)?
        var services: [any QueryService]
    }

    /// - Parameter wrap: Puts what the host measures around the storage in use.
    /// - Throws: ``ModuleNotBuilt``.
    func make(
        _ configuration: HostConfiguration,
        wrap: (any StorageBackend) -> any StorageBackend
    ) throws -> Modules {
        let base = try makeStorage(configuration.storage.id, configuration.storage.configuration)
        let storage = wrap(base)
        let prefix = configuration.cache.prefix
        let cache = try configuration.cache.id.map { try makeCache($0, configuration.cache.configuration, prefix) }
        let local = try cache.map { try makeLocalCache(of: configuration, for: $0) }
        let services = try makeServices(configuration, storage: storage)
        let host = ModuleHost(
            storage: SupervisedModule(base, kind: .storage, board: board),
            cache: cache.map { SupervisedModule($0, kind: .cache, board: board) },
            localCache: cache is any SharedCache
                ? local.map { SupervisedModule($0, kind: .cache, board: board) } : nil,
            services: services.map { SupervisedModule($0, kind: .query, board: board, id: $0.moduleID) },
            board: board
        )
        return Modules(host: host, storage: storage, cache: cache, localCache: local, services: services)
    }

    private func makeStorage(_ id: String, _ settings: ModuleConfiguration) throws -> any StorageBackend {
        guard let type = BuiltInModules.storages.first(where: { $0.descriptor.id == id }) else {
            throw ModuleNotBuilt.unknown(id)
        }
        return try build(type, settings, storage: UnavailableStorage())
    }

    private func makeCache(
        _ id: String,
        _ settings: ModuleConfiguration,
        _ prefix: String
    ) throws -> any CacheBackend {
        guard let type = BuiltInModules.caches.first(where: { $0.descriptor.id == id }) else {
            throw ModuleNotBuilt.unknown(id)
        }
        return try build(type, settings, storage: UnavailableStorage(), cachePrefix: prefix)
    }

    /// The cache in use when it is the in-process one, otherwise the one in front of it.
    private func makeLocalCache(
        of configuration: HostConfiguration,
        for cache: any CacheBackend
    ) throws -> any SynchronousCache {
        if let cache = cache as? any SynchronousCache { return cache }
        let settings = configuration.cache
        guard let local = try makeCache("memory", settings.local, settings.prefix) as? any SynchronousCache else {
            throw ModuleNotBuilt.unknown("memory")
        }
        return local
    }

    /// The configuration lists what a service requires before it.
    private func makeServices(
        _ configuration: HostConfiguration,
        storage: any StorageBackend
    ) throws -> [any QueryService] {
        var made: [ModuleDescriptor.ModuleID: any QueryService] = [:]
        var services: [any QueryService] = []
        for choice in configuration.services {
            guard let type = BuiltInModules.services.first(where: { $0.descriptor.id == choice.id }) else {
                throw ModuleNotBuilt.unknown(choice.id)
            }
            let required = type.descriptor.requires.reduce(into: [:]) { $0[$1] = made[$1] as (any Module)? }
            let service = try build(type, choice.configuration, storage: storage, required: required)
            made[choice.id] = service
            services.append(service)
        }
        return services + (try makeSQLServices(configuration.sqlModules, storage: storage))
    }

    private func makeSQLServices(
        _ definitions: [SQLModuleDefinition], storage: any StorageBackend
    ) throws -> [any QueryService] {
        if definitions.isEmpty { return [] }
        guard let storage = storage as? any ScopedStorage else {
            throw ModuleNotBuilt.refused(
                definitions[0].id, .unavailable(reason: "the storage in use runs no statements of SQL modules"))
        }
        return definitions.map { SQLService($0, storage: storage, invalidator: invalidator, logger: logger($0.id)) }
    }

    private func build<M: Module>(
        _ type: M.Type,
        _ settings: ModuleConfiguration,
        storage: any StorageBackend,
        cachePrefix: String = "",
        required: [ModuleDescriptor.ModuleID: any Module] = [:]
    ) throws -> M {
        let id = type.descriptor.id
        let context = ModuleContext(
            logger: logger(id), metrics: metrics, clock: clock, storage: storage, invalidator: invalidator,
            cachePrefix: cachePrefix, required: required)
        do {
            return try M(configuration: settings, context: context)
        } catch {
            throw ModuleNotBuilt.refused(id, error)
        }
    }
}

/// Why a module could not be put together.
enum ModuleNotBuilt: Error, CustomStringConvertible {
    /// No such module is compiled in.
    case unknown(ModuleDescriptor.ModuleID)
    /// The module refused its configuration.
    case refused(ModuleDescriptor.ModuleID, ModuleError)

    var description: String {
        switch self {
        case .unknown(let id): "module \(id) is not compiled in"
        case .refused(let id, .misconfigured(let key, let detail)): "module \(id): \(key) \(detail)"
        case .refused(let id, let error): "module \(id): \(error)"
        }
    }
}
