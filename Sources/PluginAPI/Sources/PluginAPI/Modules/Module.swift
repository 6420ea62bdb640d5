/// Something the host loads by configuration: a storage backend, a cache backend, the book, a query service.
///
/// The host calls `init`, then `start`, then `health` as often as it likes, then `drain` and `stop`, each with a deadline,
/// in dependency order and in reverse on the way down.
public protocol Module: Sendable {
    /// What the module is called and needs.
    static var descriptor: ModuleDescriptor { get }

    /// Every key the module's configuration section may have.
    static var configuration: ConfigurationSpec { get }

    /// The module's schema, all of it, whether or not the module is in use.
    static var migrations: [Migration] { get }

    /// Puts the module together. Pure: no I/O, no clock, no threads, so that a configuration can be checked without
    /// side effects.
    ///
    /// - Throws: ``ModuleError/misconfigured(key:detail:)`` for what the specification alone cannot express.
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError)

    /// Opens what the module needs. Its requirements have started.
    func start() async throws

    /// How the module is now; cheap enough to be asked every second.
    func health() async -> ModuleHealth

    /// Stops taking new work and finishes what is under way.
    func drain() async

    /// Closes everything. The module is not used afterwards.
    func stop() async
}

extension Module {
    public static var configuration: ConfigurationSpec { ConfigurationSpec([]) }
    public static var migrations: [Migration] { [] }
    public func start() async throws {}
    public func health() async -> ModuleHealth { .ok }
    public func drain() async {}
    public func stop() async {}
}

/// What a module is called and needs.
public struct ModuleDescriptor: Sendable {
    /// What names a module in configuration, paths, logs and metrics.
    public typealias ModuleID = String

    /// `[a-z][a-z0-9_]*`, unique in the host.
    public var id: ModuleID
    /// One line for lists and documentation.
    public var summary: String
    /// Modules that are initialised and started before this one.
    public var requires: [ModuleID]
    /// The module's own version: MAJOR.MINOR.PATCH.
    public var version: String
    /// What those who call the module may rely on.
    public var stability: Stability

    /// A stable module.
    public init(id: ModuleID, summary: String, requires: [ModuleID] = [], version: String = "1.0.0") {
        self.init(id: id, summary: summary, requires: requires, version: version, stability: .stable)
    }

    /// A descriptor that says what may be relied on; see its members.
    public init(
        id: ModuleID, summary: String, requires: [ModuleID] = [], version: String = "1.0.0", stability: Stability
    ) {
        self.id = id
        self.summary = summary
        self.requires = requires
        self.version = version
        self.stability = stability
    }

    /// How much of a module's paths, parameters and replies stays as it is.
    public enum Stability: String, Sendable, CaseIterable {
        /// Anything may change or go.
        case experimental
        /// Nothing changes without an entry in the change log.
        case beta
        /// Changes add, and break nobody.
        case stable
    }
}

/// How a module says it is.
public enum ModuleHealth: Sendable, Equatable {
    /// It does what it should.
    case ok
    /// It answers, but not as well as it should.
    case degraded(reason: String)
    /// It cannot answer.
    case failed(reason: String)
}

/// Why a module cannot be put together or started.
public enum ModuleError: Error, Equatable, Sendable {
    /// A value that its kind allows and the module does not; `key` is the path within the module's section.
    case misconfigured(key: String, detail: String)
    /// Something outside is not as the module needs it.
    case unavailable(reason: String)
}
