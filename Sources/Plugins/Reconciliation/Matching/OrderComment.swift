/// Reads what a comment on an order or position refers to. Works on bytes, because brokers write what they like.
enum OrderComment {
    /// Brokers cut comments at this many characters.
    static let brokerLimit = 31

    /// The texts that may be a trade's reference, likeliest first: the comment, without trailing `[…]`, and both
    /// without a leading `trade:`.
    static func references(in comment: [UInt8]) -> [[UInt8]] {
        guard !comment.isEmpty else { return [] }
        let cut = withoutBrackets(comment)
        return [comment, cut, withoutPrefix(comment), withoutPrefix(cut)].reduce(into: []) { texts, text in
            if !text.isEmpty, !texts.contains(text) { texts.append(text) }
        }
    }

    /// The texts that may be the beginning of a reference, when the broker has cut the comment.
    static func beginnings(in comment: [UInt8]) -> [[UInt8]] {
        let whole = [comment, withoutBrackets(comment)].first { characters(in: $0) == brokerLimit }
        guard let whole else { return [] }
        let bare = withoutPrefix(whole)
        return bare == whole || bare.isEmpty ? [whole] : [whole, bare]
    }

    /// Tickets written as `#N`, in order, or the comment when it is nothing but digits.
    static func tickets(in comment: [UInt8]) -> [Int64] {
        if let ticket = number(comment[...]) { return [ticket] }
        return comment.indices.compactMap { index in
            comment[index] == UInt8(ascii: "#") ? leadingNumber(comment[(index + 1)...]) : nil
        }
    }

    /// The ticket N that a position with `from #N` continues.
    static func continuedTicket(in comment: [UInt8]) -> Int64? {
        let marker = Array("from #".utf8)
        guard comment.count > marker.count else { return nil }
        for start in 0..<(comment.count - marker.count)
        where comment[start..<start + marker.count].elementsEqual(marker) {
            if let ticket = leadingNumber(comment[(start + marker.count)...]) { return ticket }
        }
        return nil
    }

    private static func withoutBrackets(_ comment: [UInt8]) -> [UInt8] {
        var text = trimmed(comment[...])
        while text.last == UInt8(ascii: "]"), let bracket = text.lastIndex(of: UInt8(ascii: "[")) {
            text = trimmed(text[..<bracket])
        }
        return Array(text)
    }

    private static func withoutPrefix(_ text: [UInt8]) -> [UInt8] {
        let prefix = Array("trade:".utf8)
        return text.starts(with: prefix) ? Array(text.dropFirst(prefix.count)) : text
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while text.last == UInt8(ascii: " ") { text.removeLast() }
        return text
    }

    /// Unicode scalars, counted by the bytes that begin one.
    private static func characters(in text: [UInt8]) -> Int {
        text.count { $0 & 0xC0 != 0x80 }
    }

    private static func leadingNumber(_ text: ArraySlice<UInt8>) -> Int64? {
        number(text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
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
