import PluginAPI

/// The host's own routes: public, without a token.
enum OpenAPIHostRoutes {
    static let tag = "host"

    private struct Route {
        var path: String
        var id: String
        var summary: String
        var contentType = "application/json"
        var schema: Schema
        var canBeUnavailable = false
    }

    private static let health: Schema = .object([
        "status": .choice(["healthy"]), "timestamp": .timestamp, "version": .text,
    ])
    private static let ready: Schema = .object([
        "status": .choice(["ready", "degraded", "unavailable"]), "checks": .anyObject,
    ])

    private static let routes: [Route] = [
        Route(path: "/api/v1/health", id: "host.health", summary: "Whether the process lives", schema: health),
        Route(path: "/health", id: "host.healthAtRoot", summary: "Whether the process lives", schema: health),
        Route(
            path: "/api/v1/ready", id: "host.ready", summary: "Whether it serves, and what it depends on",
            schema: ready, canBeUnavailable: true),
        Route(
            path: "/ready", id: "host.readyAtRoot", summary: "Whether it serves, and what it depends on",
            schema: ready, canBeUnavailable: true),
        Route(
            path: "/api/v1/trading/health", id: "host.tradingHealth", summary: "Whether the trading services live",
            schema: .anyObject, canBeUnavailable: true),
        Route(
            path: "/metrics", id: "host.metrics", summary: "Figures in the Prometheus text format",
            contentType: "text/plain", schema: .text),
        Route(path: "/api/v1/openapi.json", id: "host.openapi", summary: "This description", schema: .anyObject),
        Route(
            path: "/docs", id: "host.docs", summary: "This description for people", contentType: "text/html",
            schema: .text),
    ]

    static func write(to json: inout JSONWriter) {
        for route in routes {
            json.objectField(route.path) { json in
                json.objectField("get") { json in write(route, to: &json) }
            }
        }
    }

    private static func write(_ route: Route, to json: inout JSONWriter) {
        json.field("operationId", route.id)
        json.arrayField("tags", of: [tag]) { $0.string($1) }
        json.field("summary", route.summary)
        json.arrayField("security", of: [String]()) { $0.string($1) }
        json.objectField("responses") { json in
            write(route, status: "200", "As asked", to: &json)
            if route.canBeUnavailable { write(route, status: "503", "It does not serve now", to: &json) }
            json.objectField("405") { $0.field("$ref", "#/components/responses/MethodNotAllowed") }
        }
    }

    private static func write(_ route: Route, status: String, _ description: String, to json: inout JSONWriter) {
        json.objectField(status) { json in
            json.field("description", description)
            json.objectField("content") { json in
                json.objectField(route.contentType) { json in
                    json.key("schema")
                    OpenAPISchema(route.schema, side: .reply).write(to: &json)
                }
            }
        }
    }
}
