import PluginAPI

/// A statement with named parameters, as its author wrote it.
struct NamedStatement: Sendable, Equatable {
    /// A piece of the text, or a parameter in it.
    enum Piece: Sendable, Equatable {
        case text(String)
        case parameter(String)
    }

    let text: String
    let tokens: [SQLToken]
    let pieces: [Piece]
    /// Where each piece begins, in UTF-8 bytes of the text.
    private let starts: [Int]

    init(_ text: String) throws(SQLMistake) {
        self.text = text
        let tokens = try SQLTokenizer.tokens(of: text)
        let isClosed = tokens.last?.sign == ";"
        self.tokens = isClosed ? tokens.dropLast() : tokens
        if let other = self.tokens.first(where: { $0.sign == ";" }) {
            throw SQLMistake(
                detail: "a method is one statement, and here a second one begins", offset: other.range.lowerBound)
        }
        guard let first = self.tokens.first?.word, first == "select" || first == "with" else {
            throw SQLMistake(detail: "a method reads: its statement begins with SELECT or WITH", offset: 0)
        }
        (pieces, starts) = Self.pieces(of: text, self.tokens, end: isClosed ? tokens.last?.range.lowerBound : nil)
    }

    /// Names of its parameters, each once, in their order.
    var parameters: [String] {
        var names: [String] = []
        for case .parameter(let name) in pieces where !names.contains(name) { names.append(name) }
        return names
    }

    /// The statement with values in place of its parameters.
    ///
    /// PostgreSQL is told the kind of each: it may stand where any kind could.
    func sql(_ value: (String) -> Value, kind: (String) -> ValueKind) -> SQL {
        func parts(isTyped: Bool) -> [SQL.Part] {
            pieces.flatMap { piece -> [SQL.Part] in
                switch piece {
                case .text(let text): return [.text(text)]
                case .parameter(let name):
                    guard isTyped else { return [.value(value(name))] }
                    return [.text("CAST("), .value(value(name)), .text(" AS \(kind(name).postgresType))")]
                }
            }
        }
        return SQL(sqlite: SQL(parts: parts(isTyped: false)), postgres: SQL(parts: parts(isTyped: true)))
    }

    /// The byte of the text that a place in ``sql(_:kind:)`` for a dialect stands for.
    func offset(of place: StatementFault.Place, in dialect: SQLDialect) -> Int {
        var part = 0
        for (index, piece) in pieces.enumerated() {
            let partsTotal = if case .parameter = piece, dialect == .postgres { 3 } else { 1 }
            if place.part < part + partsTotal {
                if case .parameter = piece { return starts[index] }
                return starts[index] + place.offset
            }
            part += partsTotal
        }
        return text.utf8.count
    }

    private static func pieces(of text: String, _ tokens: [SQLToken], end: Int?) -> ([Piece], [Int]) {
        let bytes = Array(text.utf8)
        var (pieces, starts, at): ([Piece], [Int], Int) = ([], [], 0)
        func append(_ range: Range<Int>) {
            if range.isEmpty { return }
            pieces.append(.text(String(decoding: bytes[range], as: UTF8.self)))
            starts.append(range.lowerBound)
        }
        for token in tokens {
            guard case .parameter(let name) = token.kind else { continue }
            append(at..<token.range.lowerBound)
            pieces.append(.parameter(name))
            starts.append(token.range.lowerBound)
            at = token.range.upperBound
        }
        append(at..<(end ?? bytes.count))
        return (pieces, starts)
    }
}

extension ValueKind {
    fileprivate var postgresType: String {
        switch self {
        case .boolean: "boolean"
        case .integer: "bigint"
        case .decimal: "numeric"
        case .text: "text"
        case .timestamp: "timestamptz"
        case .json: "json"
        @unknown default: "text"
        }
    }
}
