import BuiltIn

extension ModuleCatalog {
    /// What this program was built with.
    static let compiledIn = ModuleCatalog(
        storages: BuiltInModules.storages.map { Entry($0) },
        caches: BuiltInModules.caches.map { Entry($0) },
        services: BuiltInModules.services.map { Entry($0) }
    )
}
