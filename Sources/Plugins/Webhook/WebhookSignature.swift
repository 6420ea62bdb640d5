import Crypto
import PluginAPI

/// What proves to a receiver that a request is Concord's, and of now: HMAC-SHA256 under the endpoint's secret over the time,
/// a full stop and the body.
///
/// ```
/// Concord-Signature: t=1767607200,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd
/// ```
struct WebhookSignature: Sendable {
    /// The header's value.
    let text: String

    /// - Parameter now: Signed with the body, so that a request that was overheard cannot be sent again much later.
    init(of body: [UInt8], at now: Timestamp, secret: Secret) {
        let seconds = now.microseconds / 1_000_000
        let key = SymmetricKey(data: Array(secret.revealed().utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(seconds).".utf8) + body, using: key)
        text = "t=\(seconds),v1=\(code.map(Self.hexadecimal).joined())"
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}
