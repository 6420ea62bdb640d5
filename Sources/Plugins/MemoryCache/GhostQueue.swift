import PluginAPI

/// Hashes of keys that were let go lately. Meeting one again shows that the key deserves more than probation.
struct GhostQueue {
    private var order: [Int] = []
    private var head = 0
    private var hashes: Set<Int> = []

    /// Remembers a hash, and forgets the oldest ones beyond `keysMax`.
    mutating func insert(_ hash: Int, keysMax: Int) {
        guard hashes.insert(hash).inserted else { return }
        order.append(hash)
        while order.count - head > keysMax {
            hashes.remove(order[head])
            head += 1
        }
        if head >= 64, head * 2 >= order.count {
            order.removeFirst(head)
            head = 0
        }
    }

    /// Forgets a hash. - Returns: Whether it was there.
    mutating func remove(_ hash: Int) -> Bool {
        hashes.remove(hash) != nil
    }
}
