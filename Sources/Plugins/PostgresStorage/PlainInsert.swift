/// A statement `INSERT INTO table (columns) VALUES (?, …)` with nothing behind it, which `COPY` can do instead.
struct PlainInsert {
    /// As the statement spells it.
    let table: Substring
    let columns: [Substring]

    /// - Returns: `nil` for every other statement, and for one whose columns need quotes.
    init?(_ statement: String) {
        var rest = statement[...]
        guard Self.skip("INSERT", in: &rest), Self.skip("INTO", in: &rest),
            let table = Self.take(upTo: "(", in: &rest), let columns = Self.take(upTo: ")", in: &rest),
            Self.skip("VALUES", in: &rest), Self.take(upTo: "(", in: &rest) == "",
            let marks = Self.take(upTo: ")", in: &rest), rest.allSatisfy(\.isWhitespace)
        else { return nil }
        self.table = table
        self.columns = Self.list(columns)
        let values = Self.list(marks)
        guard !table.isEmpty, !table.contains(where: \.isWhitespace), values.count == self.columns.count,
            values.allSatisfy({ $0 == "?" }), self.columns.allSatisfy(Self.isName)
        else { return nil }
    }

    private static func skip(_ word: String, in text: inout Substring) -> Bool {
        text = text.drop(while: \.isWhitespace)
        guard text.prefix(word.count).uppercased() == word else { return false }
        text = text.dropFirst(word.count)
        return text.first.map { $0.isWhitespace || $0 == "(" } ?? false
    }

    /// What stands before the mark, without spaces around it; the mark is gone, too.
    private static func take(upTo mark: Character, in text: inout Substring) -> Substring? {
        guard let end = text.firstIndex(of: mark) else { return nil }
        defer { text = text[text.index(after: end)...] }
        return trimmed(text[..<end])
    }

    private static func list(_ text: Substring) -> [Substring] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop(while: \.isWhitespace)
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }

    /// A name the server takes as it stands.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}
