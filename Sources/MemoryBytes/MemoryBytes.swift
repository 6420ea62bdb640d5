/// What values take of the process' memory, the allocator's own part included.
package enum MemoryBytes {
    /// What an object's or an array's own fields take.
    private static let objectHeader = 16
    private static let arrayHeader = 32
    /// Strings up to so many bytes lie where they are kept.
    private static let stringInlineMax = 15

    /// Up to so many bytes, pieces of memory grow by 16; from there on by a quarter of the next lower power of two.
    private static let smallMax = 128

    /// Longer pieces have pages of their own, and one more, so that they do not all begin at the same place of a page.
    private static let slabMax = 14_336
    private static let page = 4_096

    /// What a piece of memory of so many bytes, at least one, takes of the process'. Where pieces of many sizes come and go,
    /// a quarter as much lies unused between those that share pages.
    package static func block(_ bytes: Int) -> Int {
        let piece = piece(bytes)
        return piece <= slabMax ? piece + piece / 4 : piece
    }

    /// A piece of memory as jemalloc hands it out, with what lies beside it: jemalloc(3), "Size classes". Pages are of 4 KiB.
    package static func piece(_ bytes: Int) -> Int {
        guard bytes > 8 else { return 8 }
        let step = bytes <= smallMax ? 16 : 1 << (Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount - 2)
        let size = (bytes + step - 1) / step * step
        return size <= slabMax ? size : size + page
    }

    /// What an element takes of a dictionary's table when that has just doubled: three slots in eight are taken then.
    package static func slot<Key, Value>(_ key: Key.Type, _ value: Value.Type) -> Int {
        (MemoryLayout<Key>.stride + MemoryLayout<Value>.stride) * 8 / 3 + 1
    }

    package static func object(fields: Int) -> Int { block(objectHeader + fields) }

    package static func outside(_ text: String) -> Int {
        let count = text.utf8.count
        return count <= stringInlineMax ? 0 : block(arrayHeader + count + 1)
    }

    package static func outside<Element>(_ array: [Element]) -> Int {
        array.capacity == 0 ? 0 : block(arrayHeader + array.capacity * MemoryLayout<Element>.stride)
    }

    package static func outside(_ texts: Set<String>) -> Int {
        texts.isEmpty ? 0 : texts.reduce(arrayHeader) { $0 + slot(String.self, Void.self) + outside($1) }
    }

    /// The table and its keys; what values take outside of it is not counted.
    package static func outside<Value>(_ table: [String: Value]) -> Int {
        table.isEmpty ? 0 : table.reduce(arrayHeader) { $0 + slot(String.self, Value.self) + outside($1.key) }
    }
}
