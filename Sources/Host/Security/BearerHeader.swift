/// The value of an `Authorization` header: `Bearer`, in any case, spaces, and one token.
enum BearerHeader {
    private static let scheme = Array("bearer".utf8)

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
