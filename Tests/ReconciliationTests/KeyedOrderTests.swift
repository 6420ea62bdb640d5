import Testing
import TradingBook

@testable import Reconciliation

@Suite("Rows in the order of a key")
struct KeyedOrderTests {
    @Test("Is the order that a comparison gives, whatever bytes the keys differ in", arguments: [8, 24, 64])
    func order(bits: UInt64) {
        var generator = SeededGenerator(seed: bits)
        let mask = bits == 64 ? ~0 : (UInt64(1) << bits) - 1
        let keys = (0..<3_000).map { _ in generator.next() & mask | 0xAB << (bits == 64 ? 0 : 40) }

        let rows = KeyedOrder(count: keys.count) { keys[$0] }.rows { $0 > $1 }

        let expected = keys.indices.sorted { (keys[$0], -$0) < (keys[$1], -$1) }
        #expect(rows.map { Int($0) } == expected)
    }

    @Test("Nothing, one row and sorted rows stay as they are", arguments: [[], [7], [1, 2, 2, 9]] as [[UInt64]])
    func trivial(keys: [UInt64]) {
        #expect(KeyedOrder(count: keys.count) { keys[$0] }.rows { $0 < $1 } == keys.indices.map { Int32($0) })
    }
}
