import JWTKit
import PluginAPI

/// Signs and checks with HMAC-SHA-256 under the configured secret, through jwt-kit's algorithm.
struct TokenSignature: Sendable {
    private let algorithm: any JWTAlgorithm

    /// - Precondition: The secret is not empty; the configuration sees to it.
    init(secret: Secret) async throws {
        var key = Array(secret.revealed().utf8)
        precondition(!key.isEmpty, "a token secret is not empty")
        // jwt-kit wants keys of at least 32 bytes. HMAC itself pads a key with zero bytes to its block of 64, so a short
        // development secret padded here signs exactly as it does everywhere else.
        if key.count < 32 { key += [UInt8](repeating: 0, count: 32 - key.count) }
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256)
        algorithm = try await keys.getKey()
    }

    func sign(_ text: [UInt8]) throws -> [UInt8] { try algorithm.sign(text) }

    /// Takes the same time wherever the first difference is.
    func isValid(_ signature: [UInt8], for text: [UInt8]) -> Bool {
        (try? algorithm.verify(signature, signs: text)) ?? false
    }
}
