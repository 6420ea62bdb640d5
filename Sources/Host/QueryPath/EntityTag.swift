import Crypto

/// Strong entity tags (RFC 9110, section 8.8.3) and the header that asks about them.
enum EntityTag {
    /// The quoted tag of a body: 128 bits of its SHA-256.
    static func make(for body: [UInt8]) -> String {
        SHA256.hash(data: body).withUnsafeBytes { hash in
            String(unsafeUninitializedCapacity: 34) { text in
                text.initialize(repeating: UInt8(ascii: "\""))
                for index in 0..<16 {
                    text[1 + 2 * index] = digit(hash[index] >> 4)
                    text[2 + 2 * index] = digit(hash[index] & 0xF)
                }
                return 34
            }
        }
    }

    /// Hexadecimal, in lower case.
    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }

    /// The tag of the same body compressed.
    ///
    /// - Parameter tag: A quoted one.
    static func gzip(_ tag: String) -> String { "\(tag.dropLast())\(gzipEnd)" }

    /// What the tag of a compressed body has in place of the closing quote.
    static let gzipEnd: StaticString = "-gzip\""

    /// Whether an `If-None-Match` names `tag`, by weak comparison. A list that breaks the grammar names nothing from there
    /// on: answering in full is always right.
    static func isNamed(_ tag: String, by ifNoneMatch: String) -> Bool {
        var rest = Substring(ifNoneMatch).utf8
        trim(&rest)
        if rest.elementsEqual("*".utf8) { return true }
        while !rest.isEmpty {
            if rest.starts(with: "W/".utf8) { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "\""),
                let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\""))
            else { return false }
            let next = rest.index(after: end)
            if rest[..<next].elementsEqual(tag.utf8) { return true }
            rest = rest[next...]
            trim(&rest)
            guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return false }
            rest = rest.drop { $0 == UInt8(ascii: ",") || isBlank($0) }
        }
        return false
    }

    private static func trim(_ text: inout Substring.UTF8View) {
        text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
