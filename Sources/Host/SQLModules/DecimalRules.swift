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
            guard index > 0, index + 1 < tokens.count else { continue }
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

    /// Nothing is nothing in every unit.
    private func refuseNumber(at index: Int) throws(SQLMistake) {
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
            if depth == 0 { return start > 0 && kinds.mayBeDecimal(tokens[(start - 1)...index]) }
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

    private func isDecimal(_ token: SQLToken) -> Bool {
        if case .parameter(let name) = token.kind { return parameters[name] == .decimal }
        return kinds.mayBeDecimal([token])
    }
}
