/// Reads the tickets that a comment names. Works on bytes, because bots and brokers write what they like, and copies none.
package enum NamedTickets {
    /// A text as UTF-8, lent for the time of a call.
    package typealias Text = Slice<UnsafeBufferPointer<UInt8>>

    /// Tells every ticket written as `#N`, in order, or the comment when it is nothing but digits.
    package static func each(in comment: Text, _ body: (Int64) -> Void) {
        if let ticket = number(comment) { return body(ticket) }
        for index in comment.indices where comment[index] == UInt8(ascii: "#") {
            if let ticket = leading(comment[(index + 1)...]) { body(ticket) }
        }
    }

    /// The ticket with which a text begins.
    package static func leading(_ text: Text) -> Int64? {
        number(text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    }

    private static func number(_ digits: Text) -> Int64? {
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

extension Trade {
    /// The tickets that the comment of a closed trade names, so that storage finds the trades that name a position; of an
    /// open one none are kept, because every run reads it whole.
    var ticketsKept: Set<Int64> {
        guard !isOpen, var comment else { return [] }
        var tickets: Set<Int64> = []
        comment.withUTF8 { bytes in NamedTickets.each(in: bytes[...]) { tickets.insert($0) } }
        return tickets
    }
}
