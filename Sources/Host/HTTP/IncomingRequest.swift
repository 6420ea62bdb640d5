import HTTPTypes
import PluginAPI

/// A request as it came off the wire, with what the host adds before anybody looks at it.
struct IncomingRequest: Sendable {
    var method: HTTPRequest.Method
    /// The path as sent, percent-encoded, without the query.
    var path: String
    /// The query as sent, without the question mark; `nil` when there is none.
    var query: String?
    var headers: HTTPFields
    /// At most `limits.body` bytes; empty when there is none.
    var body: [UInt8] = []
    /// The peer's address without its port.
    var peer: String
    /// The client's `X-Request-Id` when it is well-formed, otherwise one of ours.
    var requestID: String
    var receivedAt: Timestamp
    /// Of the token that the request came with, once it is verified.
    var token: TokenDigest?
    /// When the host gives up.
    var deadline: ContinuousClock.Instant?
}

/// An answer before the server adds what every answer carries: `X-Request-Id`, `Date`, CORS.
struct OutgoingAnswer: Sendable {
    var status: HTTPResponse.Status
    var headers = HTTPFields()
    var body: [UInt8] = []

    /// Whether it is not one of those that end with their head (RFC 9110, 15.3.5 and 15.4.5).
    var mayHaveBody: Bool { status != .notModified && status != .noContent }
}
