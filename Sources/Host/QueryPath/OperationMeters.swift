import PluginAPI

/// The counters of one operation, made once when it is bound.
struct OperationMeters: Sendable {
    /// How a cache answered.
    enum CacheResult: String, CaseIterable {
        case hit, miss, join, stale, error
    }

    /// How a call into a module ended.
    enum CallOutcome: String, CaseIterable {
        case ok
        /// A problem that the client can mend.
        case refused
        /// Storage, the deadline or the bound on calls.
        case unavailable
        /// A mistake of the program.
        case failed
    }

    private let cache: [CacheResult: any Counter]
    private let calls: [CallOutcome: any Counter]

    init(module: String, operation: String, metrics: any Metrics) {
        var cache: [CacheResult: any Counter] = [:]
        for result in CacheResult.allCases {
            cache[result] = metrics.counter(
                "cache_requests_total", help: "Look-ups in a cache by their result",
                labels: [("layer", "memory"), ("operation", "\(module).\(operation)"), ("result", result.rawValue)])
        }
        var calls: [CallOutcome: any Counter] = [:]
        for outcome in CallOutcome.allCases {
            calls[outcome] = metrics.counter(
                "module_calls_total", help: "Calls into modules by their outcome",
                labels: [("module", module), ("operation", operation), ("outcome", outcome.rawValue)])
        }
        self.cache = cache
        self.calls = calls
    }

    func count(_ result: CacheResult) { cache[result]?.increment() }
    func count(_ outcome: CallOutcome) { calls[outcome]?.increment() }
}
