import Testing

@testable import Host

@Suite("Those who wait for their turn", .timeLimit(.minutes(1)))
struct WaitingLineTests {
    @Test("Turns come in the order of coming, whoever has left", arguments: 1...20)
    func order(seed: UInt64) {
        var (line, model, random) = (WaitingLine<Int>(), [Int](), Dice(seed: seed))

        for id in 1...2_000 {
            switch random.next() % 8 {
            case 0...3:
                line.append(id * 10, as: id)
                model.append(id)
            case 4...5:
                let leaver = model.randomElement(using: &random) ?? id
                let wasThere = model.contains(leaver)
                model.removeAll { $0 == leaver }
                #expect(line.remove(leaver) == (wasThere ? leaver * 10 : nil))
                #expect(line.remove(leaver) == nil)
            case 6: #expect(line.removeFirst() == (model.isEmpty ? nil : model.removeFirst() * 10))
            default: #expect(line.count == model.count)
            }
        }

        #expect(line.removeAll() == model.map { $0 * 10 })
        #expect(line.count == 0 && line.removeFirst() == nil)
    }

    @Test("A hundred thousand who give up at once, the last first, take no minute")
    func givingUp() {
        var line = WaitingLine<Int>()
        for id in 0..<100_000 { line.append(id, as: id) }

        for id in (1..<100_000).reversed() { #expect(line.remove(id) != nil) }

        #expect(line.removeFirst() == 0 && line.count == 0)
    }

    /// The same numbers for the same seed.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        init(seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }
}
