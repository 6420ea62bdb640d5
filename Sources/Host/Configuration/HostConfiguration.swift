import PluginAPI

/// The whole configuration, checked and typed; nothing downstream checks it again.
struct HostConfiguration: Sendable, Equatable {
    var environment: Environment
    var server: Listener
    /// Bytes of the shortest body that is compressed; `nil` when none is.
    var compressFrom: Int?
    var admin: Listener
    var auth: Auth
    var storage: StorageChoice
    var cache: CacheChoice
    /// Query services in the order to load them, what they require before them. The one that declares `instruments`
    /// and `retention` has the file's in its configuration.
    var services: [ServiceChoice]
    var modules: ModulePlaces
    /// Query services that are libraries, in the file's order.
    var dynamicModules: [DynamicModuleChoice] = []
    /// Query services that are files, by ID.
    var sqlModules: [SQLModuleDefinition] = []
    var limits: Limits
    /// Exact origins; empty lets no page in.
    var corsOrigins: [String]
    var log: Log

    enum Environment: String, Sendable {
        case development
        case production
    }

    struct Listener: Sendable, Equatable {
        var host: String
        /// 0 picks a free one.
        var port: Int
    }

    struct Auth: Sendable, Equatable {
        var secret: SecretSource
        var lifetime: Duration
        var leeway: Duration
        /// What roles of old tokens count as.
        var roles: [String: Role]
    }

    struct StorageChoice: Sendable, Equatable {
        var id: ModuleDescriptor.ModuleID
        /// Whether the start applies pending migrations.
        var migratesAtStart: Bool
        var configuration: ModuleConfiguration
    }

    struct CacheChoice: Sendable, Equatable {
        /// `nil` is no cache.
        var id: ModuleDescriptor.ModuleID?
        var configuration: ModuleConfiguration
        /// Of the in-process cache, which is the one in use or stands in front of it.
        var local: ModuleConfiguration
        var prefix: String
        var defaultTTL: Duration
        var staleIfError: Duration
    }

    struct ServiceChoice: Sendable, Equatable {
        var id: ModuleDescriptor.ModuleID
        var configuration: ModuleConfiguration
    }

    struct ModulePlaces: Sendable, Equatable {
        /// Of dynamic modules.
        var directory: String
        var sql: String
        /// Where their traps are written down.
        var traps: String
        /// How long a module's start may take. The storage's may take longer: nothing serves without it.
        var startMax: Duration = .seconds(10)
        var limits = ModuleLimitsTable()
    }

    struct Limits: Sendable, Equatable {
        var requestsPerMinute: Int
        var agentRequestsPerMinute: Int
        var failedAuthPerMinute: Int
        /// Bytes.
        var bodyMax: Int
        var requestTimeout: Duration

        /// Of requests, of agents' requests, and of bad tokens.
        var rates: [Int] { [requestsPerMinute, agentRequestsPerMinute, failedAuthPerMinute] }
    }

    struct Log: Sendable, Equatable {
        var level: LogLevel
        var format: Format

        enum Format: String, Sendable {
            case json
            case text
        }
    }
}

/// Where the key that signs tokens comes from.
enum SecretSource: Sendable, Equatable {
    case configured(Secret)
    /// In development: a random one, kept in this file beside the database; see ``DevelopmentSecret``.
    case generatedBeside(path: String)
}
