/// What the host lends a module for its whole life.
public struct ModuleContext: Sendable {
    /// Where the module's events go.
    public let logger: any Logger
    /// Makes the module's meters.
    public let metrics: any Metrics
    /// The time; a module asks no other clock.
    public let clock: any HostClock
    /// The storage in use. A storage or cache backend is given one that always answers `unavailable`.
    /// A dynamic module is given such a one, too: it reads ``views``.
    public let storage: any StorageBackend
    /// What modules show of their rows, each statement through the scope of its request.
    public let views: any ViewReader
    /// Announces writes, so that cached answers built before them are not served again.
    public let invalidator: any CacheInvalidator
    /// What everything that is kept in a cache outside of the host is called by at first: `cache.prefix`.
    public let cachePrefix: String
    private let required: [ModuleDescriptor.ModuleID: any Module]

    /// What a host, or a test, lends.
    public init(
        logger: any Logger,
        metrics: any Metrics,
        clock: any HostClock,
        storage: any StorageBackend,
        views: any ViewReader = NoViews(),
        invalidator: any CacheInvalidator,
        cachePrefix: String = "concord_",
        required: [ModuleDescriptor.ModuleID: any Module] = [:]
    ) {
        self.logger = logger
        self.metrics = metrics
        self.clock = clock
        self.storage = storage
        self.views = views
        self.invalidator = invalidator
        self.cachePrefix = cachePrefix
        self.required = required
    }

    /// The module this one requires, as the type it is compiled in with.
    /// - Precondition: `descriptor.requires` names it.
    public func module<M: Module>(_ type: M.Type) -> M {
        guard let module = required[M.descriptor.id] as? M else {
            preconditionFailure("module \(M.descriptor.id) is not among the requirements")
        }
        return module
    }
}

/// Views that nobody can read, for modules that read none.
public struct NoViews: ViewReader {
    /// A reader that refuses every statement.
    public init() {}

    public func rows(_ sql: SQL, for request: Request, rowsMax: Int, bytesMax: Int) async throws -> Rows {
        throw StorageError.unavailable(reason: "no views are lent to this module")
    }
}

/// Bumps cache tags on behalf of a module.
public protocol CacheInvalidator: Sendable {
    /// Makes every cached answer with one of the tags stale, on all hosts.
    func invalidate(_ tags: [CacheTag]) async
}
