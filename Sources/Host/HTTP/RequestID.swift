import Synchronization

/// The name of one request in answers and logs.
///
/// A client may choose it within `[A-Za-z0-9._-]{1,64}`; anything else is replaced, because it ends up in headers and logs.
enum RequestID {
    private static let sequence = Atomic<UInt64>(0)
    /// Tells this process's IDs from those of others and of earlier runs.
    static let prefix = hexadecimal(UInt64.random(in: .min ... .max)) + "-"

    static func isWellFormed(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// What the client sent, if it is one value and well-formed, otherwise a new one.
    static func accepting(_ values: [String]) -> String { accepted(values) ?? generate() }

    /// What the client sent, if it is one value and well-formed.
    static func accepted(_ values: [String]) -> String? {
        guard values.count == 1, let value = values.first.map(trimmed), isWellFormed(value) else { return nil }
        return value
    }

    /// RFC 9110, 5.5: white space around a value is not part of it. The parser leaves it behind a value.
    private static func trimmed(_ value: String) -> String {
        guard let last = value.utf8.last, last == 0x20 || last == 0x09 else { return value }
        return String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    static func generate() -> String { text(of: nextNumber()) }

    /// What tells a new ID from all others of this process.
    static func nextNumber() -> UInt64 { sequence.wrappingAdd(1, ordering: .relaxed).newValue }

    static func text(of number: UInt64) -> String { "\(prefix)\(number)" }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
