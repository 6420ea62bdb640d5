/// Why a request's credentials were not accepted. None of the sentences repeats any of the token.
enum TokenRefusal: Error, Equatable, Sendable {
    /// There is no `Authorization` header: ask for one.
    case missing
    /// There is more than one `Authorization` header, and nobody can say which is meant.
    case repeated
    /// The header is not `Bearer` and one token.
    case notBearer
    case tooLong
    /// It is not three base64url parts with a JSON header and JSON claims.
    case malformed(String)
    /// It is signed in another way than HS256, or not at all.
    case algorithm
    case signature
    case expired
    /// It is not valid yet.
    case early
    /// A claim is missing or is not what it has to be.
    case claim(String)

    /// A sentence for the problem's detail and the `error_description` of `WWW-Authenticate`.
    var detail: String {
        switch self {
        case .missing: "Send a token: Authorization: Bearer <token>."
        case .repeated: "There is more than one Authorization header; send one."
        case .notBearer: "The Authorization header is not 'Bearer' followed by one token."
        case .tooLong: "The token is longer than \(TokenVerifier.lengthMax) bytes."
        case .malformed(let what): "The token \(what)."
        case .algorithm: "The token is not signed with HS256."
        case .signature: "The token's signature does not fit."
        case .expired: "The token has expired; get a new one."
        case .early: "The token is not valid yet."
        case .claim(let what): "The token's claim \(what)."
        }
    }

    /// The challenge of RFC 6750; without an error code when no token was sent.
    var challenge: String {
        switch self {
        case .missing: "Bearer realm=\"concord\""
        default: "Bearer realm=\"concord\", error=\"invalid_token\", error_description=\"\(detail)\""
        }
    }
}
