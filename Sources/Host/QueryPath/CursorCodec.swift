import Crypto
import PluginAPI

/// Makes and opens page positions: base64url of [1, operation, binding, last key…] and 16 bytes of HMAC-SHA256.
///
/// A client can neither read meaning into a cursor nor make one, and one of another query, user or account is refused. The
/// key is derived from the secret that signs tokens, so that every host of an installation opens every host's cursors.
struct CursorCodec: Sendable {
    private let key: SymmetricKey

    private static let version: UInt8 = 1
    private static let codeLength = 16
    private static let bindingLength = 16

    /// - Parameter secret: The JWT secret's bytes.
    init(secret: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("concord page cursor".utf8), outputByteCount: 32)
    }

    /// - Parameter binding: 16 bytes that say which list the position is in.
    func sign(_ lastRow: [Value], operation: String, binding: [UInt8]) -> String {
        var payload: [UInt8] = [CursorCodec.version]
        payload.appendCursorBytes(Array(operation.utf8))
        payload += binding
        for value in lastRow { payload.appendCursorValue(value) }
        return Base64URL.encode(payload + code(for: payload))
    }

    /// The row a cursor stands for.
    ///
    /// - Throws: ``Problem`` 400 unless this codec signed it for the same operation and binding.
    func open(_ cursor: String, operation: String, binding: [UInt8]) throws(Problem) -> [Value] {
        guard let bytes = Base64URL.decode(cursor), bytes.count > CursorCodec.codeLength else { throw refusal }
        let payload = Array(bytes.dropLast(CursorCodec.codeLength))
        guard isEqual(code(for: payload), Array(bytes.suffix(CursorCodec.codeLength))) else { throw refusal }
        var reader = CursorReader(payload[...])
        guard reader.byte() == CursorCodec.version, reader.bytes() == Array(operation.utf8),
            reader.take(CursorCodec.bindingLength) == binding, let row = reader.remainingValues()
        else { throw refusal }
        return row
    }

    private var refusal: Problem { .badParameter("cursor", "is not one that this query with these parameters gave") }

    private func code(for payload: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: payload, using: key).prefix(CursorCodec.codeLength))
    }

    /// Takes as long for a wrong first byte as for a wrong last one.
    private func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var difference: UInt8 = left.count == right.count ? 0 : 1
        for (a, b) in zip(left, right) { difference |= a ^ b }
        return difference == 0
    }
}

/// Signs the positions of one request's list.
struct BoundCursorSigner: CursorSigner {
    var codec: CursorCodec
    var operation: String
    var binding: [UInt8]

    func sign(_ lastRow: [Value]) -> String { codec.sign(lastRow, operation: operation, binding: binding) }
}
