import NIOPosix
public import PluginAPI
import Synchronization

/// The cache that several hosts share, in Redis.
///
/// An entry is one key; a tag's *version* is another, a random number that lives until the tag is invalidated. An entry
/// remembers the versions it was built under and counts only while all of them stand, so that invalidating is removing one
/// key a tag however many entries depend on it, and a version that was evicted or lost can make an entry go too early, never
/// too late. Whatever happens to Redis, a call ends within the budget.
public final class RedisCacheModule: SharedCache {
    public static let descriptor = ModuleDescriptor(id: "redis", summary: "Cache shared by several hosts, in Redis")

    private static let timeout = ConfigurationKind.duration(.milliseconds(1) ... .seconds(300))

    public static let configuration = ConfigurationSpec([
        ConfigurationKey(
            "url", .text, secret: true, reloadable: false,
            "redis://user:password@host:port/db; rediss:// for TLS, with ?ssl_ca_certs=FILE for authorities of your own."
        ),
        ConfigurationKey(
            "connect_timeout", timeout, default: "5s", reloadable: false,
            "How long a connection may take to stand, greeting included."),
        ConfigurationKey(
            "socket_timeout", timeout, default: "5s", reloadable: false,
            "How long Redis may be silent before the connection is given up."),
        ConfigurationKey(
            "budget", .duration(.milliseconds(1) ... .seconds(10)), default: "20ms", reloadable: false,
            "How long a request may wait for Redis."),
    ])

    let client: RedisClient
    let keys: RedisKeys
    let clock: any HostClock
    let subscription: RedisSubscription
    private let logger: any PluginAPI.Logger
    private let running = Mutex<[Task<Void, Never>]>([])

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        let address = configuration.secret("url")
        let url: RedisURL
        do {
            url = try RedisURL(address.revealed())
        } catch {
            throw .misconfigured(key: "url", detail: error.detail)
        }
        let connector = RedisConnector(
            address: address, connectTimeout: configuration.duration("connect_timeout"),
            eventLoops: MultiThreadedEventLoopGroup.singleton)
        let timeouts = RedisClient.Timeouts(
            budget: configuration.duration("budget"), socket: configuration.duration("socket_timeout"))
        let keys = RedisKeys(prefix: context.cachePrefix)
        let subscription = RedisSubscription(connector, keys: keys, socketTimeout: timeouts.socket)
        let keysTotal = context.metrics.gauge(
            "redis_keys_total", help: "Keys in the Redis database; 0 without Redis.",
            labels: [(name: "db", value: "\(url.database)")])
        let timeoutsTotal = context.metrics.counter(
            "redis_timeouts_total", help: "Calls that Redis did not answer within the budget.", labels: [])
        self.keys = keys
        self.subscription = subscription
        clock = context.clock
        logger = context.logger
        client = RedisClient(
            connector, keys: keys, sender: subscription.sender, timeouts: timeouts, logger: logger,
            keysTotal: keysTotal, timeoutsTotal: timeoutsTotal)
    }

    // MARK: - Life

    /// Connects, and goes on trying in the background when that fails.
    ///
    /// - Throws: ``ModuleError/unavailable(reason:)`` when the first attempt has failed.
    public func start() async throws {
        let isFirst = running.withLock { running in
            guard running.isEmpty else { return false }
            // Cancelled and awaited by `stop`.
            running = [
                Task { [client] in await client.link.run() }, Task { [subscription] in await subscription.link.run() },
            ]
            return true
        }
        if isFirst { await subscription.link.firstAttempt() }
        await client.link.firstAttempt()
        do {
            _ = try client.link.connection()
        } catch {
            throw ModuleError.unavailable(reason: "\(error)")
        }
    }

    public func health() async -> ModuleHealth {
        if let reason = client.trouble ?? subscription.trouble { return .degraded(reason: reason) }
        return .ok
    }

    public func stop() async {
        let tasks = running.withLock { running in
            defer { running = [] }
            return running
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    // MARK: - SharedCache

    public func listen(_ heard: @escaping @Sendable (CacheNotice) -> Void) { subscription.listen(heard) }

    public var isLocalCopyGood: Bool { subscription.isHearing || !client.isAnswering }

    public func storeSoon(_ entry: CacheEntry, for key: String) {
        guard let command = storeCommand(entry, for: key) else { return }
        client.post(command)
    }

    // MARK: - CacheBackend

    public func store(_ entry: CacheEntry, for key: String) async throws {
        guard let command = storeCommand(entry, for: key) else { return }
        _ = try await client.write([command])
    }

    /// Counts the tags, and tells the other hosts once Redis has taken it.
    public func invalidate(_ tags: [CacheTag]) async throws {
        try await client.invalidate(tags, isCounted: true)
    }

    /// - Returns: `nil` when the entry has expired or is too large to keep.
    private func storeCommand(_ entry: CacheEntry, for key: String) -> RedisCommand? {
        let life = entry.staleUntil.since(clock.now).wholeMicroseconds / 1_000
        let value = StoredEntry.encode(entry)
        guard life > 0, value.count <= RedisCacheModule.valueBytesMax else { return nil }
        return RedisCommand([Array("SET".utf8), keys.entry(key), value, Array("PX".utf8), Array("\(life)".utf8)])
    }

    /// A larger answer is built each time.
    private static let valueBytesMax = 16 << 20
}
