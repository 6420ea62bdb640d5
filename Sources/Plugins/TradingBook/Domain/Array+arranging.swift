extension Array {
    /// Puts the elements in an order by moving each to its place; none is copied.
    ///
    /// - Parameter order: For each place which element goes there; each stands in it once.
    mutating func arrange(in order: [Int32]) {
        precondition(order.count == count, "each element has a place")
        var order = order
        withUnsafeMutableBufferPointer { elements in
            guard let first = elements.baseAddress else { return }
            // Around each cycle: one element is held, and every other moves to the place that the one before has left.
            for start in order.indices where Int(order[start]) != start {
                let held = (first + start).move()
                var place = start
                while Int(order[place]) != start {
                    let from = Int(order[place])
                    (first + place).moveInitialize(from: first + from, count: 1)
                    order[place] = Int32(place)
                    place = from
                }
                (first + place).initialize(to: held)
                order[place] = Int32(place)
            }
        }
    }
}
