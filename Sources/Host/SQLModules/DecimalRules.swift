import PluginAPI

/// Finds arithmetic that one storage would do in another way than the other, without a word: SQLite keeps decimals as whole
/// numbers of 10⁻⁸.
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
            try check(signAt: index)
        }
    }

    private func check(signAt index: Int) throws(SQLMistake) {
        guard let sign = tokens[index].sign, index > 0, index + 1 < tokens.count else { return }
        let (left, right) = (tokens[index - 1], tokens[index + 1])
        switch sign {
        case "*", "/", "%":
            guard isDecimal(left) || isDecimal(right) else { return }
            let hint = sign == "*" ? "write dec_mul(a, b)" : "write dec_div(a, b)"
            throw SQLMistake(
                detail: "`\(sign)` is not exact with decimals", hint: hint, offset: tokens[index].range.lowerBound)
        case "<", ">", "<=", ">=", "=", "<>", "!=", "+", "-":
            for (one, other) in [(left, right), (right, left)] where isDecimal(one) {
                guard case .number(let digits) = other.kind, digits != "0" else { continue }
                throw SQLMistake(
                    detail: "a decimal meets the whole number \(digits)", hint: "write dec('\(digits)')",
                    offset: other.range.lowerBound)
            }
        default: return
        }
    }

    private func isDecimal(_ token: SQLToken) -> Bool {
        if case .parameter(let name) = token.kind { return parameters[name] == .decimal }
        return kinds.kind(of: token) == .decimal
    }
}
