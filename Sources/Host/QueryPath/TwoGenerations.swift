/// A bounded dictionary that forgets what has not been asked for lately.
///
/// It holds at most twice `generationSize` values. What is found in the older generation moves to the younger one; when
/// that is full it becomes the older one and the values left behind go. Every step takes constant time.
struct TwoGenerations<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let generationSize: Int

    init(generationSize: Int) {
        self.generationSize = generationSize
    }

    var count: Int { young.count + old.count }

    mutating func value(for key: Key) -> Value? {
        if let value = young[key] { return value }
        guard let value = old.removeValue(forKey: key) else { return nil }
        set(value, for: key)
        return value
    }

    mutating func set(_ value: Value, for key: Key) {
        old[key] = nil
        if young.count >= generationSize, young[key] == nil {
            old = young
            young = [:]
        }
        young[key] = value
    }

    mutating func remove(_ key: Key) {
        young[key] = nil
        old[key] = nil
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
    }
}
