public import PluginAPI

/// What is compiled in: an explicit list, in the order `concord modules list` prints.
///
/// A new module is a folder in `Sources/Plugins`, a target in `Package.swift` and a line here.
public enum BuiltInModules {
    /// Chosen by `storage.use`.
    public static let storages: [any StorageBackend.Type] = []
    /// Chosen by `cache.use`; the first is the in-process cache.
    public static let caches: [any CacheBackend.Type] = []
    /// Chosen by `queries`, or loaded because one of those requires them.
    public static let services: [any QueryService.Type] = []
}
