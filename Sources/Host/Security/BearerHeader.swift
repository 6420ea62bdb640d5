import Crypto
import Glibc

/// The value of an `Authorization` header: `Bearer`, in any case, spaces, and one token.
enum BearerHeader {
    private static let scheme = Array("bearer".utf8)

    /// The token's digest, of a value spelled `Bearer TOKEN`; `nil` for every other spelling.
    static func plainDigest(of value: String) -> TokenDigest? {
        var value = value
        return value.withUTF8 { bytes in
            let start = plainStart.utf8CodeUnitCount
            guard let first = bytes.baseAddress, bytes.count > start, memcmp(first, plainStart.utf8Start, start) == 0
            else { return nil }
            let token = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[start...])
            guard token.count <= TokenVerifier.lengthMax,
                memchr(first + start, Int32(UInt8(ascii: " ")), token.count) == nil
            else { return nil }
            var hash = SHA256()
            hash.update(bufferPointer: token)
            return TokenDigest(hash.finalize())
        }
    }

    private static let plainStart: StaticString = "Bearer "

    static func token(in value: String) throws(TokenRefusal) -> [UInt8] {
        let bytes = Array(value.utf8)
        guard bytes.count <= TokenVerifier.lengthMax + 64 else { throw .tooLong }
        let words = bytes.split(separator: UInt8(ascii: " "))
        guard words.count == 2, words[0].count == scheme.count,
            zip(words[0], scheme).allSatisfy({ $0 | 0x20 == $1 })
        else { throw .notBearer }
        return Array(words[1])
    }
}
