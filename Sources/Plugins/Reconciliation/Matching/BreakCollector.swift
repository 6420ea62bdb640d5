/// Gathers differences by the object they are found on, so that one object is one break.
struct BreakCollector {
    private var breaks: [FoundBreak] = []
    /// Numbers the keys as the breaks stand.
    private var keys = ByteIndex()

    var isEmpty: Bool { breaks.isEmpty }

    func contains(_ key: String) -> Bool { key.withBytes { keys.find($0) } != nil }

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
        let number = key.withBytes { keys.number(of: $0) }
        guard number < breaks.count else {
            return breaks.append(
                FoundBreak(
                    key: key, symbol: symbol, tradeID: tradeID, ticket: ticket, differences: differences,
                    ourUnmatchedRows: ourUnmatchedRows, brokerUnmatchedRows: brokerUnmatchedRows))
        }
        for difference in differences where !breaks[number].addToLast(difference) {
            breaks[number].differences.append(difference)
        }
        breaks[number].ourUnmatchedRows += ourUnmatchedRows
        breaks[number].brokerUnmatchedRows += brokerUnmatchedRows
    }

    /// Every break, gravest first, then by key; differences in class order.
    consuming func sorted() -> [FoundBreak] {
        keys = ByteIndex()
        for number in breaks.indices where breaks[number].differences.count > 1 {
            let ordered = breaks[number].differences.enumerated().sorted {
                ($0.element.breakClass, $0.offset) < ($1.element.breakClass, $1.offset)
            }
            breaks[number].differences = ordered.map(\.element)
        }
        breaks.sort {
            let (left, right) = ($0.breakClass.severity, $1.breakClass.severity)
            return left == right ? $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) : left < right
        }
        return breaks
    }
}

extension FoundBreak {
    /// Counts a repeat together with the equal one that was found just before it, however many there are.
    fileprivate mutating func addToLast(_ difference: Difference) -> Bool {
        guard let more = difference.repeats, let last = differences.last, let repeats = last.repeats else {
            return false
        }
        var sum = difference
        sum.repeats = repeats
        guard sum == last else { return false }
        differences[differences.count - 1].repeats = repeats + more
        return true
    }
}
