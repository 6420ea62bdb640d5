import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Host

@Suite("Deadlines", .timeLimit(.minutes(1)))
struct DeadlinesTests {
    private let deadlines = Deadlines(on: MultiThreadedEventLoopGroup.singleton.any())

    @Test("Each fires once, none before its time, and nothing is kept of them")
    func firing() async {
        let start = ContinuousClock.now
        let fired = Mutex<[(number: Int, early: Bool)]>([])

        for number in (0..<300).shuffled() {
            let deadline = start + .milliseconds(number)
            _ = deadlines.begin(at: deadline) {
                fired.withLock { $0.append((number, ContinuousClock.now < deadline)) }
            }
        }
        while deadlines.count > 0 || fired.withLock({ $0.count }) < 300 { await Task.yield() }

        #expect(fired.withLock { $0.map(\.number).sorted() } == Array(0..<300))
        #expect(fired.withLock { $0.allSatisfy { !$0.early } })
    }

    @Test("One that was ended does not fire; ended twice, or when it has fired, it is only over")
    func ending() async {
        let (ended, kept) = (Tally(), Tally())
        let tickets = (0..<100).map { _ in deadlines.begin(at: .now + .seconds(1)) { ended.add() } }
        let last = deadlines.begin(at: .now + .milliseconds(1_050)) { kept.add() }

        for ticket in tickets + tickets { deadlines.end(ticket) }
        #expect(deadlines.count == 1)
        while kept.value == 0 { await Task.yield() }
        deadlines.end(last)

        #expect(ended.value == 0)
        #expect(deadlines.count == 0)
    }

    @Test("One that has passed already fires, and after a pause the next ones do")
    func pause() async throws {
        let fired = Tally()
        _ = deadlines.begin(at: .now - .seconds(1)) { fired.add() }
        while fired.value < 1 { await Task.yield() }
        // The timer has nothing to do meanwhile, and stops.
        try await Task.sleep(for: .milliseconds(50))
        _ = deadlines.begin(at: .now + .milliseconds(20)) { fired.add() }
        _ = deadlines.begin(at: .now + .milliseconds(1)) { fired.add() }
        while fired.value < 3 { await Task.yield() }

        #expect(deadlines.count == 0)
    }

    @Test("Very many that are due at once leave the loop time for other things in between")
    func shares() async {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let (many, deadlines) = (Deadlines.shareMax * 5, Deadlines(on: loop))
        let (fired, seen) = (Tally(), Locked<[Int]>([]))

        let soon = ContinuousClock.now + .milliseconds(500)
        for _ in 0..<many {
            _ = deadlines.begin(at: soon) {
                if fired.add() == 1 { loop.execute { seen.change { $0.append(fired.value) } } }
            }
        }
        while fired.value < many || seen.value.isEmpty { await Task.yield() }

        #expect(seen.value == [Deadlines.shareMax])
    }

    @Test("What an ended deadline held on to is let go at once")
    func release() {
        let (ticket, held) = begin()
        #expect(held.value != nil)

        deadlines.end(ticket)

        #expect(held.value == nil)
    }

    private func begin() -> (Deadlines.Ticket, Watched) {
        let held = Held()
        return (deadlines.begin(at: .now + .seconds(3_600)) { withExtendedLifetime(held) {} }, Watched(value: held))
    }

    private struct Watched {
        weak var value: Held?
    }

    private final class Held: Sendable {}
}
