/// A word or sign of a statement, and where it lies in the text.
struct SQLToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// In lower case: SQL does not tell the cases of unquoted words apart.
        case word(String)
        case quotedWord(String)
        case string
        case number(String)
        case parameter(String)
        case sign(String)
    }

    var kind: Kind
    /// UTF-8 bytes of the text.
    var range: Range<Int>

    var word: String? { if case .word(let word) = kind { word } else { nil } }
    var sign: String? { if case .sign(let sign) = kind { sign } else { nil } }

    /// What it names as a column, quoted or not.
    var name: String? {
        switch kind {
        case .word(let name), .quotedWord(let name): name
        default: nil
        }
    }
}

/// What is wrong with a statement, and at which of its bytes.
struct SQLMistake: Error, Sendable, Equatable {
    var detail: String
    var hint: String?
    /// From 0, in UTF-8 bytes of the statement.
    var offset: Int
}

/// Takes a statement apart as far as both dialects agree on how to.
///
/// What one of them reads in another way than the other is refused: text that one takes for a string and the other does not
/// would let a statement say something else than what was checked.
struct SQLTokenizer {
    private let bytes: [UInt8]
    private var at = 0

    private init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Every token; white space and comments are left out.
    static func tokens(of text: String) throws(SQLMistake) -> [SQLToken] {
        var tokenizer = SQLTokenizer(text)
        var tokens: [SQLToken] = []
        while let token = try tokenizer.next() { tokens.append(token) }
        return tokens
    }

    private mutating func next() throws(SQLMistake) -> SQLToken? {
        try skipSpace()
        guard at < bytes.count else { return nil }
        let start = at
        let kind = try kind()
        return SQLToken(kind: kind, range: start..<at)
    }

    private mutating func kind() throws(SQLMistake) -> SQLToken.Kind {
        let byte = bytes[at]
        switch byte {
        case UInt8(ascii: "'"):
            try quoted(by: byte, "string")
            return .string
        case UInt8(ascii: "\""): return .quotedWord(try quoted(by: byte, "name"))
        case UInt8(ascii: "$"): return try parameter()
        case _ where Self.isDigit(byte): return number()
        case _ where Self.isLetter(byte): return try word()
        case UInt8(ascii: "`"), UInt8(ascii: "["), UInt8(ascii: "?"), UInt8(ascii: "@"), UInt8(ascii: "#"),
            UInt8(ascii: "\\"):
            throw refusal("`\(Character(UnicodeScalar(byte)))` is not part of the SQL that both storages read")
        default: return try sign()
        }
    }

    private mutating func skipSpace() throws(SQLMistake) {
        while at < bytes.count {
            if [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) {
                at += 1
            } else if starts("--") {
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            } else if starts("/*") {
                try skipComment()
            } else {
                return
            }
        }
    }

    /// One dialect nests comments, the other does not.
    private mutating func skipComment() throws(SQLMistake) {
        let start = at
        at += 2
        while at < bytes.count {
            if starts("*/") {
                at += 2
                return
            }
            if starts("/*") { throw refusal("comments cannot lie in each other") }
            at += 1
        }
        at = start
        throw refusal("the comment does not end")
    }

    /// - Returns: What is between the quotes; a doubled quote stands for one.
    @discardableResult
    private mutating func quoted(by quote: UInt8, _ what: String) throws(SQLMistake) -> String {
        let start = at
        var content: [UInt8] = []
        at += 1
        while at < bytes.count {
            if bytes[at] == quote {
                at += 1
                guard at < bytes.count, bytes[at] == quote else { return String(decoding: content, as: UTF8.self) }
            }
            content.append(bytes[at])
            at += 1
        }
        at = start
        throw refusal("the \(what) does not end")
    }

    private mutating func parameter() throws(SQLMistake) -> SQLToken.Kind {
        let name = bytes[(at + 1)...].prefix { Self.isLetter($0) || Self.isDigit($0) }
        guard let first = name.first, Self.isLetter(first),
            bytes.dropFirst(at + 1 + name.count).first != UInt8(ascii: "$")
        else { throw refusal("`$` begins no parameter", hint: "write a parameter's name behind it: $from") }
        at += 1 + name.count
        return .parameter(String(decoding: name, as: UTF8.self))
    }

    private mutating func number() -> SQLToken.Kind {
        let start = at
        while at < bytes.count, Self.isDigit(bytes[at]) || Self.isLetter(bytes[at]) || bytes[at] == UInt8(ascii: ".") {
            at += 1
        }
        return .number(String(decoding: bytes[start..<at], as: UTF8.self))
    }

    private mutating func word() throws(SQLMistake) -> SQLToken.Kind {
        let start = at
        while at < bytes.count, Self.isLetter(bytes[at]) || Self.isDigit(bytes[at]) { at += 1 }
        // `E'\n'` and its like are strings of their own in one dialect.
        if at < bytes.count, bytes[at] == UInt8(ascii: "'") {
            throw refusal("a string begins right behind a word", hint: "put a space between them")
        }
        return .word(String(decoding: bytes[start..<at], as: UTF8.self).lowercased())
    }

    private mutating func sign() throws(SQLMistake) -> SQLToken.Kind {
        if starts("::") {
            throw refusal("`::` is not part of the SQL that both storages read", hint: "write CAST(… AS …)")
        }
        for sign in ["<=", ">=", "<>", "!=", "||"] where starts(sign) {
            at += 2
            return .sign(sign)
        }
        let byte = bytes[at]
        guard "(),.;+-*/%<>=".utf8.contains(byte) else {
            throw refusal("this sign is not part of the SQL that both storages read")
        }
        at += 1
        return .sign(String(UnicodeScalar(byte)))
    }

    private func starts(_ text: String) -> Bool { bytes[at...].starts(with: text.utf8) }

    private func refusal(_ detail: String, hint: String? = nil) -> SQLMistake {
        SQLMistake(detail: detail, hint: hint, offset: at)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
