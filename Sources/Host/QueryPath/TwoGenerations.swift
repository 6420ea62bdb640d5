/// A bounded dictionary that forgets what has not been asked for lately.
///
/// Its values weigh at most twice `generationSize` together. What is found in the older generation moves to the younger one;
/// when that is full it becomes the older one and the values left behind go. Every step takes constant time.
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
        if youngWeight + weight > generationSize {
            old = young
            young = [:]
            youngWeight = 0
        }
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
}
