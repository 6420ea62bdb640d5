import CMalloc
import Glibc
import MemoryBytes
import PluginAPI
import Testing

@testable import Host

@Suite("What tables take of memory")
struct MemoryBytesTests {
    @Test(
        "A piece of memory takes what the allocator gives for it",
        arguments: [1, 8, 9, 24, 25, 40, 41, 100, 128, 129, 160, 161, 256, 257, 2_218, 5_000, 16_384, 16_385, 1 << 20]
    )
    func blocks(bytes: Int) throws {
        let piece = try #require(malloc(bytes))
        defer { free(piece) }
        // What lies beside the longer ones is in no figure of a single piece.
        let beside = bytes > 14_336 ? 4_096 : 0
        #expect(MemoryBytes.piece(bytes) == malloc_usable_size(piece) + beside)
    }

    @Test("A quarter is counted for what lies between pieces that share pages, and none for longer ones")
    func between() {
        #expect(MemoryBytes.block(100) == 112 + 28)
        #expect(MemoryBytes.block(14_336) == 14_336 + 3_584)
        #expect(MemoryBytes.block(14_337) == MemoryBytes.piece(14_337))
    }

    @Test("Short texts lie in their table; longer ones take a piece of memory of their own")
    func texts() {
        #expect(MemoryBytes.outside(String(repeating: "a", count: 15)) == 0)
        #expect(MemoryBytes.outside(String(repeating: "a", count: 16)) == MemoryBytes.block(49))
        #expect(MemoryBytes.outside([String]()) == 0)
    }

    @Test("However often the tables have grown and taken turns, they stay within their bytes")
    func tables() {
        let bytesMax = 4 << 20
        var memory = TwoGenerations<Int, Int>(bytesMax: bytesMax) { _, _ in 0 }
        var dictionary: [Int: Int] = [:]

        var most = 0
        for number in 0..<500_000 {
            memory.set(number, for: number)
            most = max(most, memory.count)
        }
        for number in 0..<most { dictionary[number] = number }

        // Both generations in one table, which cannot be fuller than three quarters.
        #expect(dictionary.capacity * 4 / 3 * 16 <= bytesMax)
        #expect(most > bytesMax / 16 / 6)
    }
}
