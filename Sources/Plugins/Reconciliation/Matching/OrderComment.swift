import TradingBook

/// Reads what a comment on an order or position refers to. Works on bytes, because brokers write what they like, and
/// copies none of them.
enum OrderComment {
    /// Brokers cut comments at this many characters.
    static let brokerLimit = 31
    /// Texts that ``findReference(in:_:)`` tries at most.
    static let readingsMax = 4
    /// May stand before a reference.
    static let prefix = Array("trade:".utf8)
    private static let continuation = Array("from #".utf8)

    /// Tries the texts that may be a trade's reference until one is found, likeliest first: the comment, without trailing
    /// `[…]`, and both without a leading `trade:`.
    static func findReference(in comment: Bytes, _ isFound: (Bytes) -> Bool) {
        guard !comment.isEmpty else { return }
        let cut = withoutBrackets(comment)
        let isCut = cut.count < comment.count
        if isFound(comment) { return }
        if isCut, !cut.isEmpty, isFound(cut) { return }
        if let bare = withoutPrefix(comment), isFound(bare) { return }
        if isCut, let bare = withoutPrefix(cut) { _ = isFound(bare) }
    }

    /// The text that a broker has cut, if it may be one; a reference begins with it, or with what follows its `trade:`.
    static func cutText(in comment: Bytes) -> Bytes? {
        if characters(in: comment) == brokerLimit { return comment }
        let cut = withoutBrackets(comment)
        return characters(in: cut) == brokerLimit ? cut : nil
    }

    /// What follows a leading `trade:`; `nil` without one, or when nothing does.
    static func withoutPrefix(_ text: Bytes) -> Bytes? {
        isPrefixed(text) ? text.dropFirst(prefix.count) : nil
    }

    /// Whether a text begins with `trade:` and goes on.
    static func isPrefixed(_ text: Bytes) -> Bool { text.count > prefix.count && text.starts(with: prefix) }

    /// The ticket N that a position with `from #N` continues.
    static func continuedTicket(in comment: Bytes) -> Int64? {
        guard comment.count > continuation.count else { return nil }
        for start in comment.startIndex..<(comment.endIndex - continuation.count)
        where comment[start..<start + continuation.count].elementsEqual(continuation) {
            if let ticket = NamedTickets.leading(comment[(start + continuation.count)...]) { return ticket }
        }
        return nil
    }

    private static func withoutBrackets(_ comment: Bytes) -> Bytes {
        var text = trimmed(comment)
        while text.last == UInt8(ascii: "]"), let bracket = text.lastIndex(of: UInt8(ascii: "[")) {
            text = trimmed(text[..<bracket])
        }
        return text
    }

    private static func trimmed(_ text: Bytes) -> Bytes {
        var text = text
        while text.last == UInt8(ascii: " ") { text.removeLast() }
        return text
    }

    /// Unicode scalars, counted by the bytes that begin one.
    private static func characters(in text: Bytes) -> Int {
        text.count { $0 & 0xC0 != 0x80 }
    }
}

extension OrderComment {
    /// The texts that may be a trade's reference, for a look-up in storage.
    static func references(in comment: String) -> [String] {
        var texts: [String] = []
        comment.withBytes { bytes in
            findReference(in: bytes) {
                texts.append(String(decoding: $0, as: UTF8.self))
                return false
            }
        }
        return texts
    }

    static func continuedTicket(in comment: String) -> Int64? { comment.withBytes { continuedTicket(in: $0) } }

    static func cutText(in comment: String) -> String? {
        comment.withBytes { cutText(in: $0).map { String(decoding: $0, as: UTF8.self) } }
    }

    /// What a reference may begin with when the broker has cut a comment to this.
    static func readings(ofCut text: String) -> [String] {
        let bare = text.withBytes { withoutPrefix($0).map { String(decoding: $0, as: UTF8.self) } }
        return [text] + (bare.map { [$0] } ?? [])
    }
}
