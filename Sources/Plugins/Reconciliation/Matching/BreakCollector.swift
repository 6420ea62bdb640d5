/// Gathers differences by the object they are found on, so that one object is one break.
struct BreakCollector {
    private var breaks: [String: FoundBreak] = [:]

    var isEmpty: Bool { breaks.isEmpty }

    func contains(_ key: String) -> Bool { breaks[key] != nil }

    mutating func add(
        _ differences: [Difference],
        key: String,
        symbol: String,
        tradeID: String? = nil,
        ticket: Int64? = nil,
        ourUnmatchedRows: Int = 0,
        brokerUnmatchedRows: Int = 0
    ) {
        guard !differences.isEmpty else { return }
        var found =
            breaks[key]
            ?? FoundBreak(
                key: key, symbol: symbol, tradeID: tradeID, ticket: ticket, differences: [], ourUnmatchedRows: 0,
                brokerUnmatchedRows: 0)
        found.differences += differences
        found.ourUnmatchedRows += ourUnmatchedRows
        found.brokerUnmatchedRows += brokerUnmatchedRows
        breaks[key] = found
    }

    /// Every break, gravest first, then by key; differences in class order.
    func sorted() -> [FoundBreak] {
        breaks.values.map { found in
            var found = found
            let ordered = found.differences.enumerated().sorted {
                ($0.element.breakClass, $0.offset) < ($1.element.breakClass, $1.offset)
            }
            found.differences = ordered.map(\.element)
            return found
        }
        .sorted {
            let (left, right) = ($0.breakClass.severity, $1.breakClass.severity)
            return left == right ? $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) : left < right
        }
    }
}
