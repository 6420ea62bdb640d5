import PluginAPI

/// A token taken apart: header and claims as JSON, and what the signature is about. Nothing in it is trusted yet.
struct TokenParts: Sendable {
    var header: JSONValue
    var claims: JSONValue
    var signature: [UInt8]
    /// The first two parts as they were sent, which is what is signed.
    var signedText: [UInt8]

    /// Claims are flat but for lists; nothing deeper is worth parsing.
    private static let limits = JSONLimits(depthMax: 8, textMax: TokenVerifier.lengthMax)

    init(parsing token: [UInt8]) throws(TokenRefusal) {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("does not have three parts") }
        header = try Self.json(parts[0], "header")
        claims = try Self.json(parts[1], "claims")
        guard let bytes = Base64URL.decode(String(decoding: parts[2], as: UTF8.self)) else {
            throw .malformed("has a signature that is not base64url")
        }
        signature = bytes
        signedText = Array(token[..<parts[1].endIndex])
    }

    private static func json(_ text: ArraySlice<UInt8>, _ part: String) throws(TokenRefusal) -> JSONValue {
        guard let bytes = Base64URL.decode(String(decoding: text, as: UTF8.self)) else {
            throw .malformed("has a \(part) that is not base64url")
        }
        do {
            return try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw .malformed("has a \(part) that is not JSON")
        }
    }

    /// Refuses every header but HS256 without critical extensions.
    func checkHeader() throws(TokenRefusal) {
        guard case .object = header else { throw .malformed("has a header that is not an object") }
        guard case .string(let algorithm)? = header["alg"], algorithm.utf8.elementsEqual("HS256".utf8) else {
            throw .algorithm
        }
        guard header["crit"] == nil else { throw .malformed("asks for extensions that are not understood") }
    }
}
