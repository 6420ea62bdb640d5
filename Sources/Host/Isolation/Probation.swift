/// For how long a module is called by fewer at a time than may: what each of its calls takes, such as very much memory, shows once
/// before it is taken many times over.
///
/// It is over when the module has answered anything, when a call was given up, or after its ``length``: one whose answers take
/// longer is called as often as any other. What only some of its calls take, it does not show.
struct Probation: Sendable {
    static let length = Duration.seconds(1)
    /// Calls at a time.
    static let callsMax = 1

    private(set) var isOver: Bool
    private var hasBegun = false
    private var number = 0

    init(isOver: Bool) { self.isOver = isOver }

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

    mutating func renew() {
        (isOver, hasBegun) = (false, false)
        number += 1
    }
}
