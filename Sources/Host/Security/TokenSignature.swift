import Crypto
import PluginAPI

/// Signs and checks with HMAC-SHA-256 under the configured secret: the algorithm HS256 of RFC 7518, section 3.2.
struct TokenSignature: Sendable {
    private let key: SymmetricKey

    /// - Precondition: The secret is not empty; the configuration sees to it.
    init(secret: Secret) {
        let bytes = Array(secret.revealed().utf8)
        precondition(!bytes.isEmpty, "a token secret is not empty")
        key = SymmetricKey(data: bytes)
    }

    func sign(_ text: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: text, using: key))
    }

    /// Takes the same time wherever the first difference is.
    func isValid(_ signature: [UInt8], for text: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: text, using: key)
    }
}
