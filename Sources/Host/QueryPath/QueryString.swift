/// The pairs of a query string in the order they were sent, decoded once.
struct QueryString: Sendable, Equatable {
    var pairs: [Pair] = []

    struct Pair: Sendable, Equatable {
        /// As decoded, or as sent when it cannot be decoded.
        var name: String
        /// `nil` when name or value is not percent-encoded UTF-8.
        var value: String?
    }

    /// - Parameter text: Without the question mark. A name without `=` has an empty value; nothing between two `&` is no
    ///   pair.
    init(_ text: String?) {
        guard let text else { return }
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let name = part.prefix { $0 != UInt8(ascii: "=") }
            let value = part.dropFirst(name.count + 1)
            if let decoded = PercentEncoding.decodeText(name, plusIsSpace: true) {
                pairs.append(Pair(name: decoded, value: PercentEncoding.decodeText(value, plusIsSpace: true)))
            } else {
                pairs.append(Pair(name: String(decoding: name, as: UTF8.self), value: nil))
            }
        }
    }
}
