/// What the cache is measured beside: so many keys, and the one asked for longest ago goes.
struct LeastRecentlyUsed {
    private struct Node {
        var key: Int
        var older: Int
        var newer: Int
    }

    private static let none = -1

    private let keysMax: Int
    private var places: [Int: Int] = [:]
    private var nodes: [Node] = []
    private var oldest = none
    private var newest = none

    init(keysMax: Int) {
        self.keysMax = keysMax
    }

    /// - Returns: Whether the key was there; from now on it is.
    mutating func ask(for key: Int) -> Bool {
        if let place = places[key] {
            unlink(place)
            link(place)
            return true
        }
        if nodes.count < keysMax {
            nodes.append(Node(key: key, older: Self.none, newer: Self.none))
            places[key] = nodes.count - 1
            link(nodes.count - 1)
        } else {
            let place = oldest
            places[nodes[place].key] = nil
            unlink(place)
            nodes[place].key = key
            places[key] = place
            link(place)
        }
        return false
    }

    private mutating func unlink(_ place: Int) {
        let node = nodes[place]
        if node.older == Self.none { oldest = node.newer } else { nodes[node.older].newer = node.newer }
        if node.newer == Self.none { newest = node.older } else { nodes[node.newer].older = node.older }
    }

    private mutating func link(_ place: Int) {
        nodes[place].older = newest
        nodes[place].newer = Self.none
        if newest == Self.none { oldest = place } else { nodes[newest].newer = place }
        newest = place
    }
}
