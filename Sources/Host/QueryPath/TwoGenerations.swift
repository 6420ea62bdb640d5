import MemoryBytes

/// A bounded dictionary that forgets what has not been asked for lately.
///
/// Its values weigh at most twice `generationSize` together. What is found in the older generation moves to the younger one;
/// when that is full it becomes the older one and the values left behind go. A step takes constant time, except that one
/// which begins a generation lets go of the values left behind.
struct TwoGenerations<Key: Hashable & SendableMetatype, Value: SendableMetatype> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private var youngWeight = 0
    private let generationSize: Int
    private let weigh: @Sendable (Key, Value) -> Int

    /// - Parameter weigh: What a value takes of a generation's size; always the same for the same key and value.
    init(generationSize: Int, weigh: @escaping @Sendable (Key, Value) -> Int = { _, _ in 1 }) {
        self.generationSize = generationSize
        self.weigh = weigh
    }

    /// Bounded by what it takes in memory.
    ///
    /// - Parameters:
    ///   - bytesMax: What keys, values and tables of both generations may take together.
    ///   - outside: What a key and its value take outside of the table.
    init(bytesMax: Int, outside: @escaping @Sendable (Key, Value) -> Int) {
        let slot = MemoryBytes.slot(Key.self, Value.self)
        self.init(generationSize: bytesMax / 2) { slot + outside($0, $1) }
    }

    var count: Int { young.count + old.count }

    mutating func value(for key: Key) -> Value? {
        if let value = young[key] { return value }
        guard let value = old.removeValue(forKey: key) else { return nil }
        set(value, for: key)
        return value
    }

    /// Keeps a value, unless it weighs more than a generation may.
    mutating func set(_ value: Value, for key: Key) {
        remove(key)
        let weight = weigh(key, value)
        guard weight <= generationSize else { return }
        if youngWeight + weight > generationSize { beginGeneration() }
        young[key] = value
        youngWeight += weight
    }

    mutating func remove(_ key: Key) {
        if let value = young.removeValue(forKey: key) { youngWeight -= weigh(key, value) }
        old[key] = nil
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
        youngWeight = 0
    }

    /// The two tables take turns, so that none is made anew, which would grow step by step beside the two that are there.
    private mutating func beginGeneration() {
        swap(&young, &old)
        young.removeAll(keepingCapacity: true)
        youngWeight = 0
    }
}
