import PluginAPI

/// What the configuration says about queries and their cache.
struct QueryPathSettings: Sendable {
    /// `cache.prefix`
    var keyPrefix = "concord_"
    /// `cache.default_ttl`: for operations that name none.
    var defaultTTL: Duration = .seconds(10)
    /// `cache.stale_if_error`: how long beyond its TTL an answer may be served while storage is down.
    var staleIfError: Duration = .seconds(60)
    /// `limits.body`
    var bodyMax = 8 << 20
    /// `server.compress_from`, unless `server.compression` is `none`: shorter bodies are sent as they are; `nil` when all are.
    var compressFrom: Int? = 1_024
    /// `limits.request_timeout`: for requests that come without a deadline of their own.
    var callTimeout: Duration = .seconds(30)
    /// `modules.limits`
    var moduleLimits = ModuleLimitsTable()
    /// TTLs are multiplied by thousandths from here, so that what was cached together does not expire together.
    var jitter: @Sendable () -> Int = { Int.random(in: 900...1_100) }
    /// How long it is known that there is none of something.
    static let notFoundTTL: Duration = .seconds(1)
}
