import BuiltIn
import PluginAPI

/// Puts the configured modules together, each with what it is lent; nothing is opened.
///
/// Modules that the configuration in use has made from the same are carried over from there.
struct ModuleFactory {
    let clock: any HostClock
    let metrics: any Metrics
    let invalidator: any CacheInvalidator
    let board: ModuleStatusBoard
    /// The query services there are.
    var registered: [any QueryService.Type] = BuiltInModules.services
    /// What the configuration in use has made; `nil` at the start.
    var previous: LoadedModules?
    /// Where types of dynamic modules come from.
    var libraries = ModuleLibraries.shared
    let logger: @Sendable (ModuleDescriptor.ModuleID) -> any Logger

    /// - Parameter wrap: Puts what the host measures around the storage in use.
    /// - Throws: ``ModuleNotBuilt``.
    func make(
        _ configuration: HostConfiguration,
        wrap: (any StorageBackend) -> any StorageBackend
    ) throws -> LoadedModules {
        var made = MadeModules()
        let base = try makeStorage(configuration.storage.id, configuration.storage.configuration, &made)
        let isCarried = made.isCarried(configuration.storage.id)
        let storage = isCarried ? previous?.storage ?? wrap(base) : wrap(base)
        let prefix = configuration.cache.prefix
        let cache = try configuration.cache.id.map {
            try makeCache($0, configuration.cache.configuration, prefix, &made)
        }
        let local = try cache.map { try makeLocalCache(of: configuration, for: $0, &made) }
        let services = try makeServices(configuration, storage: storage, &made)
        let limits = SupervisedModule.Limits(start: configuration.modules.startMax)
        let host = ModuleHost(
            storage: SupervisedModule(base, kind: .storage, board: board),
            cache: cache.map { SupervisedModule($0, kind: .cache, board: board, limits: limits) },
            localCache: cache is any SharedCache
                ? local.map { SupervisedModule($0, kind: .cache, board: board, limits: limits) } : nil,
            services: services.map {
                SupervisedModule(
                    $0, kind: .query, board: board, id: $0.moduleID, requires: $0.describedAs.requires, limits: limits)
            },
            board: board
        )
        let loaded = LoadedModules(
            host: host, storage: storage, cache: cache, localCache: local, services: services, made: made)
        loaded.extend { !made.isCarried($0) }
        return loaded
    }

    private func makeStorage(
        _ id: String,
        _ settings: ModuleConfiguration,
        _ made: inout MadeModules
    ) throws -> any StorageBackend {
        guard let type = BuiltInModules.storages.first(where: { $0.descriptor.id == id }) else {
            throw ModuleNotBuilt.unknown(id)
        }
        return try build(type, settings, storage: UnavailableStorage(), &made)
    }

    private func makeCache(
        _ id: String,
        _ settings: ModuleConfiguration,
        _ prefix: String,
        _ made: inout MadeModules
    ) throws -> any CacheBackend {
        guard let type = BuiltInModules.caches.first(where: { $0.descriptor.id == id }) else {
            throw ModuleNotBuilt.unknown(id)
        }
        return try build(type, settings, storage: UnavailableStorage(), cachePrefix: prefix, &made)
    }

    /// The cache in use when it is the in-process one, otherwise the one in front of it.
    private func makeLocalCache(
        of configuration: HostConfiguration,
        for cache: any CacheBackend,
        _ made: inout MadeModules
    ) throws -> any SynchronousCache {
        if let cache = cache as? any SynchronousCache { return cache }
        let settings = configuration.cache
        guard
            let local = try makeCache("memory", settings.local, settings.prefix, &made) as? any SynchronousCache
        else { throw ModuleNotBuilt.unknown("memory") }
        return local
    }

    /// The configuration lists what a service requires before it.
    private func makeServices(
        _ configuration: HostConfiguration,
        storage: any StorageBackend,
        _ made: inout MadeModules
    ) throws -> [any QueryService] {
        var services: [any QueryService] = []
        for choice in configuration.services {
            guard let type = registered.first(where: { $0.descriptor.id == choice.id }) else {
                throw ModuleNotBuilt.unknown(choice.id)
            }
            // Only what is compiled in has tables.
            let isInside = BuiltInModules.services.contains { $0 == type }
            services.append(
                try build(
                    type, choice.configuration, storage: isInside ? storage : UnavailableStorage(), views: storage,
                    &made)
            )
        }
        services += try configuration.dynamicModules.compactMap {
            try makeDynamicService($0, of: configuration, storage: storage, &made)
        }
        return services + (try configuration.sqlModules.map { try makeSQLService($0, storage: storage, &made) })
    }

    /// A dynamic module reads views and no tables.
    ///
    /// - Returns: `nil` for a library that nobody has opened.
    private func makeDynamicService(
        _ choice: DynamicModuleChoice,
        of configuration: HostConfiguration,
        storage: any StorageBackend,
        _ made: inout MadeModules
    ) throws -> (any QueryService)? {
        guard let library = libraries[choice.source.digest] else { return sidelined(choice, &made) }
        if let missing = library.type.descriptor.requires.first(where: { made[$0] == nil }) {
            throw ModuleNotBuilt.refused(
                choice.id,
                .misconfigured(
                    key: "",
                    detail:
                        "requires \(missing), \(configuration.whyMissing(missing, for: choice.id, among: registered))"
                ))
        }
        let module = try build(
            library.type, choice.configuration, storage: UnavailableStorage(), views: storage, source: library.digest,
            &made)
        if !made.isCarried(choice.id) { board.record(of: choice.id).threads = OwnThreads(of: choice.id) }
        return module
    }

    private func sidelined(_ choice: DynamicModuleChoice, _ made: inout MadeModules) -> (any QueryService)? {
        guard let reason = libraries.reasonToSideline(choice.source) else { return nil }
        var recipe = ModuleRecipe(SidelinedModule.self, ModuleConfiguration())
        (recipe.id, recipe.source) = (choice.id, choice.source.digest)
        if let kept = carried(recipe, as: SidelinedModule.self) {
            made[choice.id] = MadeModule(module: kept, recipe: recipe, isCarried: true)
            return kept
        }
        let module = SidelinedModule(choice.id, reason: reason)
        made[choice.id] = MadeModule(module: module, recipe: recipe, isCarried: false)
        return module
    }

    private func makeSQLService(
        _ definition: SQLModuleDefinition, storage: any StorageBackend, _ made: inout MadeModules
    ) throws -> any QueryService {
        let (id, required) = (definition.id, SQLService.descriptor.requires.compactMap { made[$0] })
        let recipe = ModuleRecipe(definition, requirements: required.map(\.recipe))
        if let kept = carried(recipe, as: SQLService.self) {
            made[id] = MadeModule(module: kept, recipe: recipe, isCarried: true)
            return kept
        }
        guard let storage = storage as? any ScopedStorage else {
            throw ModuleNotBuilt.refused(
                id, .unavailable(reason: "the storage in use runs no statements of SQL modules"))
        }
        let service = SQLService(definition, storage: storage, invalidator: invalidator, logger: logger(id))
        made[id] = MadeModule(module: service, recipe: recipe, isCarried: false)
        return service
    }

    /// The module in use that was made from the same.
    private func carried<M: Module>(_ recipe: ModuleRecipe, as type: M.Type) -> M? {
        guard let previous, let kept = previous.made[recipe.id], kept.recipe == recipe, let module = kept.module as? M
        else { return nil }
        board.carry(recipe.id, from: previous.host.board)
        return module
    }

    /// Carries the module over if it was made from the same, and makes it otherwise.
    ///
    /// - Parameter views: The storage whose views it reads; `nil` for its own.
    private func build<M: Module>(
        _ type: M.Type,
        _ settings: ModuleConfiguration,
        storage: any StorageBackend,
        views: (any StorageBackend)? = nil,
        cachePrefix: String = "",
        source: String = "",
        _ made: inout MadeModules
    ) throws -> M {
        let id = type.descriptor.id
        let required = type.descriptor.requires.compactMap { made[$0] }
        var recipe = ModuleRecipe(
            type, settings, cachePrefix: cachePrefix, requirements: required.map(\.recipe))
        recipe.source = source
        if let module = carried(recipe, as: type) {
            made[id] = MadeModule(module: module, recipe: recipe, isCarried: true)
            return module
        }
        let context = ModuleContext(
            logger: logger(id), metrics: metrics, clock: clock, storage: storage,
            views: ((views ?? storage) as? any ScopedStorage).map { ScopedViewReader($0) } ?? NoViews(),
            invalidator: invalidator,
            cachePrefix: cachePrefix,
            required: Dictionary(required.map { ($0.recipe.id, $0.module) }) { first, _ in first })
        do {
            let module = try M(configuration: settings, context: context)
            made[id] = MadeModule(module: module, recipe: recipe, isCarried: false)
            return module
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
