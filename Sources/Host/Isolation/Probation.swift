/// For how long a module is called by fewer at a time than may: what each of its calls takes, such as very much memory, shows once
/// before it is taken many times over.
///
/// It is over when the module has answered anything, when a call was given up, or after its ``length``: one whose answers take
/// longer is called as often as any other. What only some of its calls take, it does not show.
struct Probation: Sendable {
    static let length = Duration.seconds(1)

    private(set) var isOver: Bool
    /// Calls that were under way when it began, and still are.
    private var others = 0
    private var hasBegun = false
    private var number = 0

    init(isOver: Bool) { self.isOver = isOver }

    /// Calls at a time; `nil` for as many as may run otherwise.
    var callsMax: Int? { isOver ? nil : others + 1 }

    /// A call begins.
    ///
    /// - Returns: For the first, from which the length counts, which probation it is.
    mutating func begin() -> Int? {
        defer { hasBegun = true }
        return isOver || hasBegun ? nil : number
    }

    /// - Parameter number: Which is to end; `nil` for the one that is now.
    /// - Returns: Whether it was not over before.
    mutating func end(_ number: Int?) -> Bool {
        guard !isOver, number == nil || number == self.number else { return false }
        isOver = true
        return true
    }

    /// One of those that were under way when it began has ended.
    ///
    /// - Returns: Whether fewer may be called at a time now.
    mutating func leave() -> Bool {
        guard !isOver, others > 0 else { return false }
        others -= 1
        return true
    }

    /// - Parameter others: Calls that are under way, and may never come back.
    mutating func renew(beside others: Int) {
        (isOver, hasBegun, self.others) = (false, false, others)
        number += 1
    }
}
