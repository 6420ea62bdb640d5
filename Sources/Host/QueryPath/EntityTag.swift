import Crypto

/// Strong entity tags (RFC 9110, section 8.8.3) and the header that asks about them.
enum EntityTag {
    /// The quoted tag of a body: 128 bits of its SHA-256.
    static func make(for body: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = [UInt8(ascii: "\"")]
        for byte in SHA256.hash(data: body).prefix(16) {
            text += [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
        }
        return String(decoding: text + [UInt8(ascii: "\"")], as: UTF8.self)
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
