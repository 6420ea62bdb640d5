/// For how long a module is called by fewer at a time than may: what a call takes, such as very much memory, shows once before it
/// is taken many times over.
///
/// It is over when the module has answered, or after its ``length``: one whose answers take longer is called as often as any other.
struct Probation: Sendable {
    static let length = Duration.seconds(1)
    /// Calls at a time.
    static let callsMax = 1

    private(set) var isOver: Bool
    private var hasBegun = false

    init(isOver: Bool) { self.isOver = isOver }

    /// A call begins.
    ///
    /// - Returns: Whether it is the first, from which the length counts.
    mutating func begin() -> Bool {
        defer { hasBegun = true }
        return !isOver && !hasBegun
    }

    /// - Returns: Whether it was not over before.
    mutating func end() -> Bool {
        defer { isOver = true }
        return !isOver
    }
}
