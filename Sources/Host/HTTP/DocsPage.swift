import HTTPTypes
import PluginAPI

/// `GET /docs`: the OpenAPI document as one HTML page that needs neither network nor script.
struct DocsPage: Sendable {
    /// Nothing is loaded from anywhere; only the page's own style applies.
    private static let securityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

    private let html: [UInt8]

    /// - Parameter openAPI: The document as JSON; anything else makes a page that says so.
    init(openAPI: [UInt8]) {
        let document = (try? JSONValue(parsing: openAPI, limits: JSONLimits(depthMax: 64))) ?? .null
        html = Array(DocsDocument(document).html.utf8)
    }

    var answer: OutgoingAnswer {
        OutgoingAnswer(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
                .contentSecurityPolicy: Self.securityPolicy,
            ],
            body: html)
    }
}
