import PluginAPI

/// What a statement answers with, read from the statement alone: the names behind its first SELECT, and what each holds.
///
/// A column's kind is known where one of a view is named, alone or in an aggregate; elsewhere the author declares it.
struct AnswerColumns {
    struct Column: Equatable {
        var name: String
        var kind: ValueKind
    }

    private let statement: NamedStatement
    /// Kinds that the author declares, by column.
    private let declared: [String: ValueKind]
    private let kinds: ViewKinds

    init(_ statement: NamedStatement, declared: [String: ValueKind], views: [StoredView]) {
        self.statement = statement
        self.declared = declared
        kinds = ViewKinds(statement, views: views)
    }

    func columns() throws(SQLMistake) -> [Column] {
        var columns: [Column] = []
        for item in try items() {
            let column = try column(item)
            if columns.contains(where: { $0.name == column.name }) {
                throw mistake("the column \(column.name) is there a second time", at: item)
            }
            columns.append(column)
        }
        if let stray = declared.keys.sorted().first(where: { name in !columns.contains { $0.name == name } }) {
            throw SQLMistake(
                detail: "`columns` declares \(stray), which the statement does not answer with",
                hint: NearestName.hint(stray, among: columns.map(\.name)), offset: 0)
        }
        return columns
    }

    /// What stands between SELECT and FROM, taken apart at the commas.
    private func items() throws(SQLMistake) -> [ArraySlice<SQLToken>] {
        let tokens = statement.tokens
        var depth = 0
        var start: Int?
        var items: [ArraySlice<SQLToken>] = []
        for (index, token) in tokens.enumerated() {
            if token.sign == "(" { depth += 1 }
            if token.sign == ")" { depth -= 1 }
            guard depth == 0 else { continue }
            if start == nil, token.word == "select" {
                let isDistinct = tokens.dropFirst(index + 1).first?.word == "distinct"
                start = index + (isDistinct ? 2 : 1)
            } else if let begun = start, token.sign == "," || token.word == "from" {
                items.append(tokens[begun..<max(begun, index)])
                start = index + 1
                if token.word == "from" { return items }
            }
        }
        guard let start, start <= tokens.count else {
            throw SQLMistake(detail: "the statement has no SELECT of its own", offset: 0)
        }
        return items + [tokens[start...]]
    }

    private func column(_ item: ArraySlice<SQLToken>) throws(SQLMistake) -> Column {
        guard item.last?.sign != "*" else { throw mistake("`*` names no columns", hint: "write out which", at: item) }
        let isNamed = item.dropLast().last?.word == "as"
        let isPlain = item.count == 1 || (item.count == 3 && item.dropFirst().first?.sign == ".")
        guard isNamed || isPlain, let name = item.last?.name else {
            throw mistake("a column of the answer has no name", hint: "write AS and a name behind it", at: item)
        }
        guard name.utf8.allSatisfy(Self.isNamePart), !name.isEmpty else {
            throw mistake("a column's name is lower-case letters, digits and `_`", at: item)
        }
        let told = kinds.kind(of: isNamed ? item.dropLast(2) : item)
        if let kind = declared[name] {
            guard told == nil || told == kind else {
                throw mistake(
                    "the column \(name) holds \(told?.rawValue ?? ""), not \(kind.rawValue)",
                    hint: "drop its declaration", at: item)
            }
            return Column(name: name, kind: kind)
        }
        guard let kind = told else {
            throw mistake(
                "what the column \(name) holds cannot be told from the statement",
                hint: "declare it: columns: { \(name): decimal }", at: item)
        }
        return Column(name: name, kind: kind)
    }

    /// Whether a name of a module, method, parameter or column may have the byte in it.
    static func isNamePart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    private func mistake(_ detail: String, hint: String? = nil, at item: ArraySlice<SQLToken>) -> SQLMistake {
        let end = statement.tokens.last?.range.upperBound ?? 0
        return SQLMistake(detail: detail, hint: hint, offset: item.first?.range.lowerBound ?? end)
    }
}

/// What expressions over views hold.
struct ViewKinds {
    /// By column, of those views that the statement names; `nil` where two of them differ.
    private let columns: [String: ValueKind?]
    /// Whether a column's name can only be one of a view: nothing in the statement makes columns of its own.
    private let isPlain: Bool
    /// Names of decimals in any of those views.
    private let decimals: [String: ValueKind?]

    private init(columns: [String: ValueKind?], isPlain: Bool) {
        self.columns = columns
        self.isPlain = isPlain
        decimals = [:]
    }

    init(_ statement: NamedStatement, views: [StoredView]) {
        let words = Set(statement.tokens.compactMap(\.name))
        var columns: [String: ValueKind?] = [:]
        for view in views where words.contains(view.name) {
            for column in view.columns {
                let known = columns[column.name]
                columns[column.name] = known == nil || known == column.kind ? column.kind : .some(nil)
            }
        }
        self.columns = columns
        decimals = views.filter { words.contains($0.name) }.flatMap(\.columns).filter { $0.kind == .decimal }
            .reduce(into: [:]) { $0[$1.name] = .decimal }
        isPlain = statement.tokens.count { $0.word == "select" } == 1 && !words.contains("with")
    }

    /// Whether an expression holds a decimal, taking every name for that of a view's column.
    func mayBeDecimal(_ expression: ArraySlice<SQLToken>) -> Bool { trusting.kind(of: expression) == .decimal }

    /// Whether an expression holds a kind, as far as views tell.
    func mayBe(_ kind: ValueKind, _ expression: ArraySlice<SQLToken>) -> Bool { trusting.kind(of: expression) == kind }

    /// The same, with every name taken for that of a view's column.
    private var trusting: ViewKinds {
        ViewKinds(columns: decimals.merging(columns) { first, _ in first }, isPlain: true)
    }

    /// `nil` where it cannot be told.
    func kind(of expression: ArraySlice<SQLToken>) -> ValueKind? {
        if let call = Call(expression) { return kind(of: call) }
        guard expression.count == 1 || (expression.count == 3 && expression.dropFirst().first?.sign == ".") else {
            return nil
        }
        return expression.last.flatMap(kind)
    }

    /// The kind of a column that a token names.
    func kind(of token: SQLToken) -> ValueKind? {
        guard isPlain, let name = token.name else { return nil }
        return columns[name] ?? nil
    }

    private func kind(of call: Call) -> ValueKind? {
        switch call.name {
        case "count", "row_number", "rank", "dense_rank", "ntile", "length": .integer
        case "lower", "upper", "trim", "ltrim", "rtrim", "substr", "replace": .text
        case "dec", "dec_mul", "dec_div": .decimal
        case "utc_day": .timestamp
        case "sum", "min", "max", "abs", "lag", "lead", "first_value", "last_value", "coalesce":
            kind(of: call.firstArgument)
        default: nil
        }
    }

    /// A function's call that is the whole expression, with or without a window behind it.
    private struct Call {
        let name: String
        let firstArgument: ArraySlice<SQLToken>

        init?(_ expression: ArraySlice<SQLToken>) {
            guard let name = expression.first?.word, expression.dropFirst().first?.sign == "(" else { return nil }
            var depth = 0
            var end = expression.startIndex
            var comma: Int?
            for index in expression.indices {
                if expression[index].sign == "(" { depth += 1 }
                if expression[index].sign == ")" { depth -= 1 }
                if depth == 1, expression[index].sign == "," { comma = comma ?? index }
                end = index
                if depth == 0, index > expression.startIndex { break }
            }
            let rest = expression[(end + 1)...]
            guard depth == 0, rest.isEmpty || rest.first?.word == "over" else { return nil }
            self.name = name
            firstArgument = expression[(expression.startIndex + 2)..<(comma ?? end)]
        }
    }
}
