import PluginAPI

/// Finds arithmetic that one storage would do in another way than the other, without a word: SQLite keeps decimals as whole
/// numbers of 10⁻⁸.
///
/// A name counts as a decimal where any view that the statement names has a decimal of that name: refusing too much costs the
/// author another name, refusing too little a wrong number.
struct DecimalRules {
    private let tokens: [SQLToken]
    private let kinds: ViewKinds
    private let parameters: [String: ValueKind]

    init(_ statement: NamedStatement, views: [StoredView], parameters: [String: ValueKind]) {
        tokens = statement.tokens
        kinds = ViewKinds(statement, views: views)
        self.parameters = parameters
    }

    func check() throws(SQLMistake) {
        for (index, token) in tokens.enumerated() {
            if case .number(let digits) = token.kind, digits.contains(where: { $0 == "." || $0.isLetter }) {
                throw SQLMistake(
                    detail: "\(digits) is no whole number", hint: "write a decimal as dec('\(digits)')",
                    offset: token.range.lowerBound)
            }
            guard index + 1 < tokens.count else { continue }
            if let word = token.word { try checkCall(of: word, at: index) }
            guard index > 0 else { continue }
            if let sign = token.sign { try check(sign, at: index) }
            if let word = token.word { try check(word: word, at: index) }
        }
    }

    private func check(_ sign: String, at index: Int) throws(SQLMistake) {
        switch sign {
        case "*", "/", "%":
            guard isDecimal(endingAt: index - 1) || isDecimal(beginningAt: index + 1) else { return }
            let hint = sign == "*" ? "write dec_mul(a, b)" : "write dec_div(a, b)"
            throw SQLMistake(
                detail: "`\(sign)` is not exact with decimals", hint: hint, offset: tokens[index].range.lowerBound)
        case "<", ">", "<=", ">=", "=", "<>", "!=", "+", "-":
            if isDecimal(endingAt: index - 1) { try refuseNumber(at: index + 1) }
            if isDecimal(beginningAt: index + 1) { try refuseNumber(at: index - 1) }
        case "||":
            guard isDecimal(endingAt: index - 1) || isDecimal(beginningAt: index + 1) else { return }
            throw mistake("a decimal is no text", "answer it as it is", at: index)
        default: return
        }
    }

    /// `BETWEEN 1 AND 2` and `IN (1, 2)` behind a decimal.
    private func check(word: String, at index: Int) throws(SQLMistake) {
        let isNegated = tokens[index - 1].word == "not"
        guard word == "between" || word == "in", isDecimal(endingAt: index - (isNegated ? 2 : 1)) else { return }
        if word == "between" {
            try refuseNumber(at: index + 1)
            if index + 3 < tokens.count, tokens[index + 2].word == "and" { try refuseNumber(at: index + 3) }
            return
        }
        for place in tokens.indices.dropFirst(index + 2).prefix(while: { tokens[$0].sign != ")" }) {
            try refuseNumber(at: place)
        }
    }

    /// What a function does with a decimal, or what a function of decimals does with something else.
    private func checkCall(of name: String, at index: Int) throws(SQLMistake) {
        if name == "case", isDecimal(tokens[index + 1]), !(index + 2 < tokens.count && tokens[index + 2].sign == "(") {
            throw mistake("CASE compares a decimal", "write CASE WHEN x = dec('1') THEN …", at: index)
        }
        guard tokens[index + 1].sign == "(", let arguments = arguments(openedAt: index + 1) else { return }
        switch name {
        case "cast":
            let isText = arguments.first?.first?.kind == .string
            guard isText || arguments.first.map({ isDecimal($0.prefix { $0.word != "as" }) }) == true else { return }
            throw mistake(
                isText ? "a cast text is read in different ways" : "a cast decimal is another number in each storage",
                "write a decimal as dec('1.5'), and take times as parameters", at: index)
        case "dec_mul", "dec_div":
            for argument in arguments where isWhole(argument) {
                throw mistake(
                    "\(name) takes decimals", "make one of a whole number n by dec(CAST(n AS text))", at: index)
            }
        case "coalesce", "nullif":
            guard arguments.contains(where: isDecimal) else { return }
            for argument in arguments where argument.count == 1 { try refuseNumber(at: argument.startIndex) }
        case "length", "lower", "upper", "trim", "ltrim", "rtrim", "substr", "replace":
            guard arguments.contains(where: isDecimal) else { return }
            throw mistake("a decimal is no text", "answer it as it is", at: index)
        default: return
        }
    }

    private func mistake(_ detail: String, _ hint: String, at index: Int) -> SQLMistake {
        SQLMistake(detail: detail, hint: hint, offset: tokens[index].range.lowerBound)
    }

    /// What stands between parentheses, taken apart at the commas; `nil` when they do not end.
    private func arguments(openedAt open: Int) -> [ArraySlice<SQLToken>]? {
        var (depth, start, found): (Int, Int, [ArraySlice<SQLToken>]) = (0, open + 1, [])
        for index in tokens.indices[open...] {
            if tokens[index].sign == "(" { depth += 1 }
            if tokens[index].sign == ")" { depth -= 1 }
            if depth == 0 { return found + [tokens[start..<index]] }
            if depth == 1, tokens[index].sign == "," {
                found.append(tokens[start..<index])
                start = index + 1
            }
        }
        return nil
    }

    private func isDecimal(_ expression: ArraySlice<SQLToken>) -> Bool {
        if expression.count == 1 { return isDecimal(expression[expression.startIndex]) }
        return kinds.mayBeDecimal(expression)
    }

    /// Whether an expression is known to be a whole number, which is another decimal in each storage.
    private func isWhole(_ expression: ArraySlice<SQLToken>) -> Bool {
        guard expression.count == 1, let token = expression.first else { return kinds.mayBe(.integer, expression) }
        switch token.kind {
        case .number: return true
        case .parameter(let name): return parameters[name] == .integer
        default: return !isDecimal(token) && kinds.mayBe(.integer, expression)
        }
    }

    /// Nothing is nothing in every unit. A sign before a number belongs to it.
    private func refuseNumber(at place: Int) throws(SQLMistake) {
        let isSigned = tokens[place].sign == "-" || tokens[place].sign == "+"
        let index = isSigned && place + 1 < tokens.count ? place + 1 : place
        if case .parameter(let name) = tokens[index].kind, parameters[name] == .integer {
            throw mistake("a decimal meets $\(name), a whole number", "declare it: type: decimal", at: index)
        }
        guard case .number(let digits) = tokens[index].kind, digits.contains(where: { $0 != "0" }) else { return }
        throw SQLMistake(
            detail: "a decimal meets the whole number \(digits)", hint: "write dec('\(digits)')",
            offset: tokens[index].range.lowerBound)
    }

    private func isDecimal(endingAt index: Int) -> Bool {
        guard index >= 0, tokens[index].sign == ")" else { return index >= 0 && isDecimal(tokens[index]) }
        var depth = 0
        for start in tokens.indices[...index].reversed() {
            if tokens[start].sign == ")" { depth += 1 }
            if tokens[start].sign == "(" { depth -= 1 }
            guard depth == 0 else { continue }
            if start > 0, tokens[start - 1].word != nil, kinds.mayBeDecimal(tokens[(start - 1)...index]) { return true }
            // A sum of decimals in parentheses is one; what a function makes of them, or a comparison, is not.
            let inside = tokens[(start + 1)..<index]
            let isPlain = inside.allSatisfy { $0.sign.map(["+", "-", "."].contains) ?? true }
            return isPlain && (start == 0 || !isFunction(tokens[start - 1])) && inside.contains(where: isDecimal)
        }
        return false
    }

    private func isDecimal(beginningAt index: Int) -> Bool {
        guard index + 1 < tokens.count, tokens[index].word != nil, tokens[index + 1].sign == "(" else {
            let isQualified = index + 2 < tokens.count && tokens[index + 1].sign == "."
            return isDecimal(tokens[isQualified ? index + 2 : index])
        }
        var depth = 0
        for end in tokens.indices[(index + 1)...] {
            if tokens[end].sign == "(" { depth += 1 }
            if tokens[end].sign == ")" { depth -= 1 }
            if depth == 0 { return kinds.mayBeDecimal(tokens[index...end]) }
        }
        return false
    }

    private func isFunction(_ token: SQLToken) -> Bool { token.word.map { !Self.words.contains($0) } ?? false }

    /// Words of the language behind which parentheses hold an expression.
    private static let words: Set<String> = [
        "and", "between", "by", "case", "else", "having", "in", "not", "on", "or", "select", "then", "when", "where",
    ]

    private func isDecimal(_ token: SQLToken) -> Bool {
        if case .parameter(let name) = token.kind { return parameters[name] == .decimal }
        return kinds.mayBeDecimal([token])
    }
}
