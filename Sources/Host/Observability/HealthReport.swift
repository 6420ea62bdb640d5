import HTTPTypes
import PluginAPI

/// The bodies of `/health`, `/ready` and `/api/v1/trading/health`.
struct HealthReport: Sendable {
    /// Whether requests should come here.
    enum Readiness: String, Sendable {
        case ready, degraded, unavailable
    }

    let components: [ComponentHealth]
    let isDraining: Bool

    /// Storage is needed for anything; without a cache or one query service the rest still serves.
    var readiness: Readiness {
        if isDraining { return .unavailable }
        let storage = components.filter { $0.kind == .storage }
        if storage.contains(where: { !$0.status.isServing }) { return .unavailable }
        return components.allSatisfy { $0.status == .ok || $0.status == .disabled } ? .ready : .degraded
    }

    /// `{"status", "checks": {NAME: {"status", "latency_ms"?, "reason"?}}}`, 503 when unavailable.
    func ready() -> OutgoingAnswer {
        var json = JSONWriter()
        json.object { json in
            json.field("status", readiness.rawValue)
            json.objectField("checks") { json in
                for component in components where component.status != .disabled { write(component, &json) }
            }
        }
        return .json(json.bytes, status: readiness == .unavailable ? .serviceUnavailable : .ok)
    }

    /// That the process runs and answers; nothing about what it depends on.
    static func alive(at now: Timestamp, version: String) -> OutgoingAnswer {
        var json = JSONWriter()
        json.object { json in
            json.field("status", "healthy")
            json.field("timestamp", now)
            json.field("version", version)
        }
        return .json(json.bytes)
    }

    /// The trading view: overall status in health words, and each query service's.
    func trading(at now: Timestamp, version: String) -> OutgoingAnswer {
        var json = JSONWriter()
        json.object { json in
            json.field("status", tradingWord)
            json.field("timestamp", now)
            json.field("version", version)
            json.objectField("services") { json in
                for component in components where component.kind == .query && component.status != .disabled {
                    json.field(component.id, word(component))
                }
            }
        }
        return .json(json.bytes, status: readiness == .unavailable ? .serviceUnavailable : .ok)
    }

    private var tradingWord: String {
        switch readiness {
        case .ready: "healthy"
        case .degraded: "degraded"
        case .unavailable: "unavailable"
        }
    }

    private func write(_ component: ComponentHealth, _ json: inout JSONWriter) {
        json.objectField(name(component)) { json in
            json.field("status", word(component))
            if let latency = component.latency { json.field("latency_ms", latency.milliseconds) }
            if let reason = component.reason { json.field("reason", reason) }
        }
    }

    /// The names that operators' checks read.
    private func name(_ component: ComponentHealth) -> String {
        switch component.kind {
        case .storage: "database"
        case .cache: component.id == "redis" ? "redis" : "cache"
        case .query: component.id
        }
    }

    /// A lost cache costs time and nothing else, so it is degraded where others are down.
    private func word(_ component: ComponentHealth) -> String {
        switch component.status {
        case .starting: "starting"
        case .ok: isDraining ? "draining" : "up"
        case .degraded: "degraded"
        case .failed: component.kind == .cache ? "degraded" : "down"
        case .draining: "draining"
        case .stopped, .disabled: "down"
        }
    }
}
