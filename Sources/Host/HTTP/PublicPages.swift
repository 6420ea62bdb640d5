import HTTPTypes
import PluginAPI

/// The routes that need no token and are not limited: health, readiness, metrics, OpenAPI and its page.
struct PublicPages: Sendable {
    private let health: any HealthSource
    private let registry: MetricsRegistry
    private let clock: any HostClock
    private let version: String
    private let openAPI: [UInt8]

    /// - Parameter openAPI: The document as JSON.
    init(
        health: any HealthSource,
        registry: MetricsRegistry,
        clock: any HostClock,
        version: String,
        openAPI: [UInt8]
    ) {
        self.health = health
        self.registry = registry
        self.clock = clock
        self.version = version
        self.openAPI = openAPI
    }

    /// Every path with its endpoint; all of them are read with GET.
    var endpoints: [(path: String, endpoint: Endpoint)] {
        let alive = Endpoint { _ in HealthReport.alive(at: clock.now, version: version) }
        let ready = Endpoint { _ in await report().ready() }
        let page = DocsPage(openAPI: openAPI).answer
        let document = OutgoingAnswer(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-cache"], body: openAPI)
        return [
            ("/health", alive),
            ("/api/v1/health", alive),
            ("/ready", ready),
            ("/api/v1/ready", ready),
            ("/api/v1/trading/health", Endpoint { _ in await report().trading(at: clock.now, version: version) }),
            ("/metrics", Endpoint { _ in await metrics() }),
            ("/api/v1/openapi.json", Endpoint { _ in document }),
            ("/docs", Endpoint { _ in page }),
        ]
    }

    private func report() async -> HealthReport {
        HealthReport(components: await health.components(), isDraining: health.isDraining)
    }

    private func metrics() async -> OutgoingAnswer {
        let statuses = ModuleStatusMeters(registry: registry)
        for component in await health.components() { statuses.report(component.status, of: component.id) }
        return OutgoingAnswer(
            status: .ok, headers: [.contentType: MetricsText.contentType, .cacheControl: "no-store"],
            body: MetricsText(registry.snapshot()).bytes)
    }
}
