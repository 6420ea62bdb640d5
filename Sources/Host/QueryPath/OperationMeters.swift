import PluginAPI

/// The counters of one operation, made once when it is bound.
struct OperationMeters: Sendable {
    /// How a cache answered.
    enum CacheResult: Int, CaseIterable {
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

    /// By the result's number.
    private let cache: [any Counter]
    /// Of the cache that hosts share; empty without one.
    private let shared: [CacheResult: any Counter]
    private let calls: [CallOutcome: any Counter]

    /// How a cache that hosts share can answer.
    private static let sharedResults: [CacheResult] = [.hit, .miss, .stale, .error]

    /// - Parameter sharedLayer: What the cache behind L1 is called; `nil` when there is none.
    init(module: String, operation: String, sharedLayer: String? = nil, metrics: any Metrics) {
        func counter(_ result: CacheResult, _ layer: String) -> any Counter {
            metrics.counter(
                "cache_requests_total", help: "Look-ups in a cache by their result",
                labels: [("layer", layer), ("operation", "\(module).\(operation)"), ("result", "\(result)")])
        }
        var shared: [CacheResult: any Counter] = [:]
        if let sharedLayer {
            for result in Self.sharedResults { shared[result] = counter(result, sharedLayer) }
        }
        var calls: [CallOutcome: any Counter] = [:]
        for outcome in CallOutcome.allCases {
            calls[outcome] = metrics.counter(
                "module_calls_total", help: "Calls into modules by their outcome",
                labels: [("module", module), ("operation", operation), ("outcome", outcome.rawValue)])
        }
        cache = CacheResult.allCases.map { counter($0, "memory") }
        self.shared = shared
        self.calls = calls
    }

    func count(_ result: CacheResult) { cache[result.rawValue].increment() }
    func countShared(_ result: CacheResult) { shared[result]?.increment() }
    func count(_ outcome: CallOutcome) { calls[outcome]?.increment() }
}
