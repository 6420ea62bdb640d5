/// A refusal a client can act on, served as `application/problem+json` (RFC 9457).
public struct Problem: Error, Equatable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// What the status means, in a word or two.
    public var title: String
    /// What is wrong and what to do, as a sentence.
    public var detail: String
    /// Each thing that is wrong, where there are several.
    public var errors: [Item]
    /// Seconds to wait before trying again.
    public var retryAfter: Int?

    /// One thing that is wrong, and where.
    public struct Item: Sendable, Equatable {
        /// Where it is.
        public var place: Place
        /// What is wrong there, as a clause.
        public var detail: String

        /// Where in a request something is.
        public enum Place: Sendable, Equatable {
            /// A JSON pointer (RFC 6901) into the body.
            case pointer(String)
            /// The query or path parameter of this name.
            case parameter(String)
        }

        /// One thing and where it is.
        public init(_ place: Place, _ detail: String) {
            self.place = place
            self.detail = detail
        }
    }

    /// A refusal of any status.
    public init(status: Int, title: String, detail: String, errors: [Item] = [], retryAfter: Int? = nil) {
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors
        self.retryAfter = retryAfter
    }

    /// 400: a parameter or a body that cannot be read at all.
    public static func badRequest(_ detail: String, errors: [Item] = []) -> Problem {
        Problem(status: 400, title: "Bad request", detail: detail, errors: errors)
    }

    /// 400 for one parameter.
    public static func badParameter(_ name: String, _ detail: String) -> Problem {
        badRequest("The parameter \(name) \(detail).", errors: [Item(.parameter(name), detail)])
    }

    /// 403: a good token without the right.
    public static func forbidden(_ detail: String) -> Problem {
        Problem(status: 403, title: "Forbidden", detail: detail)
    }

    /// 404: there is none, or none that the caller may know of.
    public static func notFound(_ detail: String) -> Problem {
        Problem(status: 404, title: "Not found", detail: detail)
    }

    /// 409: it contradicts what is already stored.
    public static func conflict(_ detail: String, errors: [Item] = []) -> Problem {
        Problem(status: 409, title: "Conflict", detail: detail, errors: errors)
    }

    /// 413: what was sent is larger than it may be.
    public static func tooLarge(_ detail: String) -> Problem {
        Problem(status: 413, title: "Content too large", detail: detail)
    }

    /// 415: the body is of a media type that the operation does not take.
    public static func unsupportedMediaType(_ detail: String) -> Problem {
        Problem(status: 415, title: "Unsupported media type", detail: detail)
    }

    /// 422: well-formed, but values break rules.
    public static func unprocessable(_ detail: String, errors: [Item]) -> Problem {
        Problem(status: 422, title: "Unprocessable content", detail: detail, errors: errors)
    }

    /// 503: try again later.
    public static func unavailable(_ detail: String, retryAfter: Int = 1) -> Problem {
        Problem(status: 503, title: "Service unavailable", detail: detail, retryAfter: retryAfter)
    }
}
