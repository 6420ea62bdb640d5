import Guards
import MemoryCache
public import PluginAPI
import Positions
import PostgresStorage
import Reconciliation
import RedisCache
import SQLiteStorage
import TradingBook
import Webhook

/// What is compiled in: an explicit list, in the order `concord modules list` prints.
///
/// A new module is a folder in `Sources/Plugins`, a target in `Package.swift` and a line here.
public enum BuiltInModules {
    /// Chosen by `storage.use`; the first is the default.
    public static let storages: [any StorageBackend.Type] = [SQLiteStorageModule.self, PostgresStorageModule.self]
    /// Chosen by `cache.use`; the first is the default and the in-process one.
    public static let caches: [any CacheBackend.Type] = [MemoryCacheModule.self, RedisCacheModule.self]
    /// Chosen by `queries`, or loaded because one of those requires them; requirements first.
    public static let services: [any QueryService.Type] = [
        BookModule.self, ReconciliationModule.self, PositionsModule.self, GuardsModule.self, WebhookModule.self,
    ]

    public static var all: [any Module.Type] {
        storages.map { $0 as any Module.Type } + caches.map { $0 as any Module.Type }
            + services.map { $0 as any Module.Type }
    }

    /// What people who write SQL may read, in the order of the modules whose it is.
    public static var views: [StoredView] {
        services.flatMap { ($0 as? any ViewProvider.Type)?.views ?? [] }
    }

    /// The files a storage consists of on this machine, whether they are there or not; none for a server.
    public static func files(of storage: any StorageBackend) -> [String] {
        (storage as? SQLiteStorageModule)?.files ?? []
    }

    /// `storage`, `cache` or `query`.
    public static func kind(of module: any Module.Type) -> String {
        if module is any StorageBackend.Type { return "storage" }
        return module is any CacheBackend.Type ? "cache" : "query"
    }
}
