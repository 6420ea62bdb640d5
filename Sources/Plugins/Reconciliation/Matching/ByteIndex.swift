import TradingBook

/// Numbers distinct texts from 0 in the order in which they are first seen, by their bytes.
///
/// Open addressing over one buffer: a text costs its bytes, eight for its end and about sixteen for its slots. Slots are
/// found by ``KeyedHash``.
struct ByteIndex {
    /// The hash in the upper half, the number plus one in the lower; 0 is free.
    private var slots: [UInt64]
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    var count: Int { ends.count - 1 }

    /// - Parameter capacity: How many texts are expected.
    init(capacity: Int = 0) {
        slots = Array(repeating: 0, count: slotCount(for: capacity))
    }

    /// The number of a text that has been seen.
    func find(_ text: Bytes) -> Int? {
        let entry = slots[slot(of: text, hash: KeyedHash.short(text))]
        return entry == 0 ? nil : Int(UInt32(truncatingIfNeeded: entry)) - 1
    }

    /// The text's number, a new one if it has not been seen.
    mutating func number(of text: Bytes) -> Int {
        let hash = KeyedHash.short(text)
        let place = slot(of: text, hash: hash)
        if slots[place] != 0 { return Int(UInt32(truncatingIfNeeded: slots[place])) - 1 }
        let number = count
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        slots[place] = UInt64(hash) << 32 | UInt64(number + 1)
        if 4 * count > 3 * slots.count { grow() }
        return number
    }

    /// Lends the bytes of a numbered text.
    func withText<Result>(_ number: Int, _ body: (Bytes) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body($0[ends[number]..<ends[number + 1]]) }
    }

    /// Where the text stands, or the free slot where it would.
    private func slot(of text: Bytes, hash: UInt32) -> Int {
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = slots[slot]
            if UInt32(truncatingIfNeeded: entry >> 32) == hash,
                isEqual(Int(UInt32(truncatingIfNeeded: entry)) - 1, text)
            {
                return slot
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func isEqual(_ number: Int, _ text: Bytes) -> Bool {
        ends[number + 1] - ends[number] == text.count && withText(number) { $0.elementsEqual(text) }
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: 0, count: 2 * old.count)
        for entry in old where entry != 0 {
            var slot = Int(UInt32(truncatingIfNeeded: entry >> 32)) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = entry
        }
    }
}

/// A power of two of which `count` entries fill three quarters at most.
func slotCount(for count: Int) -> Int {
    var slots = 8
    while 4 * count > 3 * slots { slots *= 2 }
    return slots
}
