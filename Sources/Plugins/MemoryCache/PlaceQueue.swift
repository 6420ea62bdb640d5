import PluginAPI

/// Places of entries in the order they came. A place outlives its entry until it is popped or tidied away.
struct PlaceQueue {
    struct Place {
        var key: CacheKey
        var number: UInt64
    }

    private var places: [Place] = []
    private var head = 0

    var isEmpty: Bool { head == places.count }

    mutating func append(_ place: Place) { places.append(place) }

    mutating func popFirst() -> Place? {
        guard head < places.count else { return nil }
        defer {
            head += 1
            if head >= 64, head * 2 >= places.count {
                places.removeFirst(head)
                head = 0
            }
        }
        return places[head]
    }

    /// Whether most places are nobody's, so that going through them all costs no more than what filled them.
    func isWorthTidying(for entriesTotal: Int) -> Bool { places.count > 2 * entriesTotal + 64 }

    mutating func keep(where isTaken: (Place) -> Bool) {
        places = places[head...].filter(isTaken)
        head = 0
    }
}
