import PluginAPI

/// The modules of one configuration.
struct LoadedModules: Sendable {
    var host: ModuleHost
    /// The storage as modules see it.
    var storage: any StorageBackend
    /// The cache in use, for operators.
    var cache: (any CacheBackend)?
    /// What the host looks at first; `nil` for `cache.use: none`.
    var localCache: (any SynchronousCache)?
    var services: [any QueryService]
    /// Each with what it is made from.
    var made: MadeModules

    /// Those that were not in use before this configuration, in starting order.
    var fresh: [SupervisedModule] { host.all.filter { !made.isCarried($0.id) } }

    /// Those that the next configuration has not carried over, in starting order.
    func left(by next: LoadedModules) -> [SupervisedModule] { host.all.filter { !next.made.isCarried($0.id) } }

    /// Whether the same modules, carried over, work by themselves as in the configuration before: on a schedule or on events.
    /// Their work goes on then; interrupted at every reload, it might never end.
    func worksAs(_ before: LoadedModules) -> Bool {
        working == before.working && working.allSatisfy { made.isCarried($0) }
    }

    private var working: [ModuleDescriptor.ModuleID] {
        services.filter { $0 is any ScheduledModule || $0 is any EventObserver }.map(\.moduleID)
    }

    /// Tells modules which others work with them from now on.
    ///
    /// - Parameter isMeant: Which modules to tell. One that is carried over must not hear of a configuration that may yet
    ///   turn out to be broken, so it is told last.
    func extend(_ isMeant: (ModuleDescriptor.ModuleID) -> Bool) {
        for service in services {
            let id = type(of: service).descriptor.id
            guard isMeant(id), let module = service as? any ExtensibleModule else { continue }
            module.extend(with: services.filter { type(of: $0).descriptor.requires.contains(id) })
        }
    }
}

/// Modules by their IDs, with what they are made from.
struct MadeModules: Sendable {
    private var modules: [ModuleDescriptor.ModuleID: MadeModule] = [:]

    subscript(id: ModuleDescriptor.ModuleID) -> MadeModule? {
        get { modules[id] }
        set { modules[id] = newValue }
    }

    func isCarried(_ id: ModuleDescriptor.ModuleID) -> Bool { modules[id]?.isCarried ?? false }
}
