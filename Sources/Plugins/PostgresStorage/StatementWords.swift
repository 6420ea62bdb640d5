/// What can be told of a statement by reading it.
enum StatementWords {
    private static let steering: Set<String> = [
        "ABORT", "BEGIN", "COMMIT", "END", "PREPARE", "RELEASE", "ROLLBACK", "SAVEPOINT", "START",
    ]

    /// Whether it begins or ends a transaction or a part of one.
    static func steersTransactions(_ text: String) -> Bool {
        let word = text.drop { $0.isWhitespace || $0 == ";" }.prefix { $0.isLetter }
        return steering.contains(word.uppercased())
    }

    /// The statement with `$1`, `$2`, … for each `?` outside quotes, and how many there are.
    static func numbered(_ statement: String) -> (text: String, parametersTotal: Int) {
        var parametersTotal = 0
        let text = rewritten(statement) { rest in
            guard rest.first == UInt8(ascii: "?") else { return nil }
            parametersTotal += 1
            return ("$\(parametersTotal)", 1)
        }
        return (text, parametersTotal)
    }

    /// The statement as the server takes it: `dec` is a word of its grammar and a function's name only in quotes.
    static func spelled(_ statement: String) -> String {
        guard statement.utf8.count > 4, statement.contains("dec(") else { return statement }
        var last = UInt8(ascii: " ")
        return rewritten(statement) { rest in
            defer { last = rest.first ?? last }
            guard rest.starts(with: "dec(".utf8), !isNamePart(last) else { return nil }
            return ("\"dec\"", 3)
        }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x80 || Character(UnicodeScalar(byte)).isLetter
            || Character(UnicodeScalar(byte)).isNumber
    }

    /// Replaces what `replacement` finds outside quotes: a text, and how many bytes it stands for.
    private static func rewritten(
        _ statement: String, _ replacement: (Substring.UTF8View) -> (text: String, count: Int)?
    ) -> String {
        var text: [UInt8] = []
        var quote: UInt8?
        var rest = statement[...].utf8
        while let byte = rest.first {
            if quote == nil, let (new, count) = replacement(rest) {
                text.append(contentsOf: new.utf8)
                rest = rest.dropFirst(count)
                continue
            }
            if quote == byte {
                quote = nil
            } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            }
            text.append(byte)
            rest = rest.dropFirst()
        }
        return String(decoding: text, as: UTF8.self)
    }
}
