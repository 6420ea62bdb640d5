/// Reads what a comment on an order or position refers to. Works on bytes, because brokers write what they like, and
/// copies none of them.
enum OrderComment {
    /// Brokers cut comments at this many characters.
    static let brokerLimit = 31
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
        text.count > prefix.count && text.starts(with: prefix) ? text.dropFirst(prefix.count) : nil
    }

    /// Tells every ticket written as `#N`, in order, or the comment when it is nothing but digits.
    static func eachTicket(in comment: Bytes, _ body: (Int64) -> Void) {
        if let ticket = number(comment) { return body(ticket) }
        for index in comment.indices where comment[index] == UInt8(ascii: "#") {
            if let ticket = leadingNumber(comment[(index + 1)...]) { body(ticket) }
        }
    }

    /// The ticket N that a position with `from #N` continues.
    static func continuedTicket(in comment: Bytes) -> Int64? {
        guard comment.count > continuation.count else { return nil }
        for start in comment.startIndex..<(comment.endIndex - continuation.count)
        where comment[start..<start + continuation.count].elementsEqual(continuation) {
            if let ticket = leadingNumber(comment[(start + continuation.count)...]) { return ticket }
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

    private static func leadingNumber(_ text: Bytes) -> Int64? {
        number(text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    }

    private static func number(_ digits: Bytes) -> Int64? {
        guard !digits.isEmpty, digits.count <= 19 else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, carry) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = next
        }
        return value > 0 ? value : nil
    }
}
