import PluginAPI

/// What the in-process cache holds, read from it at each exposition.
enum CacheMetrics {
    /// - Parameter cache: `nil` without one: then there is nothing to show.
    static func register(_ cache: (any SynchronousCache)?, in registry: MetricsRegistry) {
        guard let cache else { return }
        let bytes = registry.gauge(
            "cache_bytes", help: "What the in-process cache occupies, keys and bookkeeping included.", labels: [])
        let bytesMax = registry.gauge("cache_max_bytes", help: "What it may occupy: cache.memory.max_size.", labels: [])
        let entries = registry.gauge("cache_entries", help: "Answers in the in-process cache.", labels: [])
        let evictions = registry.fractionalCounter(
            "cache_evictions_total", help: "Answers that made room in the in-process cache for others.")
        let invalidations = registry.fractionalCounter(
            "cache_invalidations_total", help: "Tags under which something was written, heard of from others included.")
        registry.onCollection(of: "cache") {
            let statistics = cache.immediateStatistics
            bytes.set(Double(statistics.bytes))
            bytesMax.set(Double(statistics.bytesMax ?? 0))
            entries.set(Double(statistics.entries))
            evictions.set(Double(statistics.evictions))
            invalidations.set(Double(statistics.invalidations))
        }
    }
}
