/// The request target (RFC 9112, 3.2) split into path and query, still percent-encoded.
struct RequestTarget: Sendable, Equatable {
    var path: String
    var query: String?

    /// Takes origin form and absolute form; `nil` for authority form, asterisk form and anything with bytes that do not
    /// belong into a target.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else { return nil }
        guard let origin = Self.originForm(text) else { return nil }
        let parts = origin.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first.utf8.first == UInt8(ascii: "/") else { return nil }
        path = String(first)
        query = parts.count == 2 ? String(parts[1]) : nil
    }

    private static func originForm(_ text: String) -> Substring? {
        if text.utf8.first == UInt8(ascii: "/") { return text[...] }
        for scheme in ["http://", "https://"] where text.lowercased().hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            guard let start = rest.firstIndex(where: { $0 == "/" || $0 == "?" }), start != rest.startIndex else {
                return rest.isEmpty ? nil : "/"
            }
            return rest[start] == "/" ? rest[start...] : "/" + rest[start...]
        }
        return nil
    }
}
