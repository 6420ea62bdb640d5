/// By how much a transaction changes the numbers of breaks that are not resolved, by class and status.
struct BreakShift: Sendable, Equatable {
    /// A class and a status that a gauge stands for.
    struct Place: Sendable, Hashable {
        var breakClass: BreakClass
        var status: BreakStatus
    }

    private(set) var amounts: [Place: Int64] = [:]

    init() {}

    /// - Parameters:
    ///   - before: Breaks that the transaction changed or removed, as they were.
    ///   - after: Those it left, as they are.
    init(from before: [StoredBreak], to after: [StoredBreak]) {
        for item in before { count(item.breakClass, item.status, by: -1) }
        for item in after { count(item.breakClass, item.status, by: 1) }
    }

    /// A break was led through some steps and kept its class.
    mutating func follow(_ item: StoredBreak, _ steps: [BreakStep]) {
        guard let first = steps.first else { return }
        if let from = first.from { count(item.breakClass, from, by: -1) }
        count(item.breakClass, item.status, by: 1)
    }

    private mutating func count(_ breakClass: BreakClass, _ status: BreakStatus, by amount: Int64) {
        guard status != .resolved else { return }
        amounts[Place(breakClass: breakClass, status: status), default: 0] += amount
    }
}
