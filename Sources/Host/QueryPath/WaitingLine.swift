/// Those who wait for their turn, in the order in which they have come. Anybody may leave; neither that nor a turn takes longer
/// in a long line.
struct WaitingLine<Waiter> {
    private var waiters: [Int: Waiter] = [:]
    /// Those who have come, from `head` on, with those who have left since.
    private var order: [Int] = []
    private var head = 0

    var count: Int { waiters.count }

    /// - Parameter id: Nobody else's, ever.
    mutating func append(_ waiter: Waiter, as id: Int) {
        waiters[id] = waiter
        order.append(id)
    }

    /// Whose turn it is.
    mutating func removeFirst() -> Waiter? {
        while head < order.count {
            head += 1
            if let waiter = waiters.removeValue(forKey: order[head - 1]) {
                forgetGone()
                return waiter
            }
        }
        return nil
    }

    /// - Returns: `nil` for one who is not in the line.
    mutating func remove(_ id: Int) -> Waiter? {
        defer { forgetGone() }
        return waiters.removeValue(forKey: id)
    }

    /// - Returns: All, in their order.
    mutating func removeAll() -> [Waiter] {
        defer { self = WaitingLine() }
        return order[head...].compactMap { waiters[$0] }
    }

    /// In steps that grow with the line, so that they cost next to nothing on average.
    private mutating func forgetGone() {
        guard order.count >= 64, order.count >= 2 * waiters.count else { return }
        order = order[head...].filter { waiters[$0] != nil }
        head = 0
    }
}
