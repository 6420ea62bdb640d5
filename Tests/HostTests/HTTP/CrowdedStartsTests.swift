import NIOCore
import NIOEmbedded
import PluginAPI
import Testing

@testable import Host

/// On one thread, as an embedded loop has to be.
@MainActor
@Suite("Calls into modules that have no place free")
struct CrowdedStartsTests {
    private let share = CrowdedStarts.pointsMax
    private let pause = CrowdedStarts.pause

    @Test("As many are begun at once as there are points, and the rest as many at a time, each in its turn")
    func shares() async {
        await withCrowd { crowd in
            for number in 0..<(2 * share + 3) { crowd.begin(number) }
            #expect(crowd.begun == Array(0..<share) && crowd.starts.waiting == share + 3)
            #expect(crowd.gate.waiting == share + 3)

            crowd.eventLoop.run()
            #expect(crowd.begun.count == share)
            crowd.eventLoop.advanceTime(by: pause)
            #expect(crowd.begun == Array(0..<(2 * share)))
            crowd.eventLoop.advanceTime(by: pause)
            #expect(crowd.begun == Array(0..<(2 * share + 3)) && crowd.starts.waiting == 0)
            #expect(crowd.gate.waiting == 0)
        }
    }

    @Test("Nobody overtakes who stands in line, even when a place is free by then")
    func order() async {
        await withCrowd { crowd in
            for number in 0...share { crowd.begin(number) }
            await crowd.leave()
            crowd.begin(share + 1)
            #expect(crowd.begun.last == share - 1)

            crowd.eventLoop.advanceTime(by: pause)
            #expect(crowd.begun == Array(0...(share + 1)))
            for number in (share + 2)..<(10 * share) { crowd.begin(number) }
            #expect(crowd.begun.last == 10 * share - 1)
        }
    }

    @Test("A module with a place free does not wait for one without, and two without take turns")
    func modules() async {
        await withCrowd { first in
            await withCrowd { second in
                for _ in 0..<(2 * share) { first.begin(1) }
                for _ in 0..<share { first.begin(2, for: second.gate) }
                first.begin(3, for: ModuleGate("free", limits: ModuleLimits(), metrics: MetricsRegistry()))
                #expect(first.begun.count == share + 1 && first.begun.last == 3)

                first.eventLoop.advanceTime(by: pause)
                let turns = first.begun.dropFirst(share + 1)
                #expect(turns.count { $0 == 1 } == share / 2 && turns.count { $0 == 2 } == share / 2)
            }
        }
    }

    @Test("What comes no faster than points do never waits")
    func steady() async {
        await withCrowd { crowd in
            for _ in 0..<5 {
                for number in 0..<share { crowd.begin(number) }
                #expect(crowd.starts.waiting == 0)
                crowd.eventLoop.advanceTime(by: pause)
            }
            #expect(crowd.begun.count == 5 * share)
        }
    }

    @Test("What is not called for any more costs nothing, and no turn goes through very many of those")
    func gone() async {
        await withCrowd { crowd in
            for number in 0..<share { crowd.begin(number) }
            var looked = 0
            for _ in 0..<(2 * CrowdedStarts.looksMax) {
                crowd.starts.begin(for: crowd.gate) { _ in
                    looked += 1
                    return false
                }
            }
            crowd.begin(share)
            crowd.eventLoop.advanceTime(by: pause)
            #expect(looked == CrowdedStarts.looksMax)
            crowd.eventLoop.advanceTime(by: pause)
            crowd.eventLoop.advanceTime(by: pause)
            #expect(looked == 2 * CrowdedStarts.looksMax && crowd.begun.last == share)
        }
    }

    @Test("No more stand in line than may wait for the module; the others are refused, a few at a time")
    func bounded() async {
        let few = CrowdedStarts.refusalsMin
        await withCrowd(waitingMax: 3) { crowd in
            for number in 0..<(share + 3 + 2 * few) { crowd.begin(number) }
            #expect(crowd.starts.waiting == 3 + 2 * few && crowd.refused.isEmpty)

            crowd.eventLoop.advanceTime(by: pause)
            #expect(crowd.begun == Array(0..<(share + 3)))
            #expect(crowd.refused == Array((share + 3)..<(share + 3 + few)))
            crowd.eventLoop.advanceTime(by: pause)
            #expect(crowd.refused == Array((share + 3)..<(share + 3 + 2 * few)) && crowd.starts.waiting == 0)
        }
    }

    @Test("A dynamic module beside others begins a few in one moment, then at its pace, and as others when it is alone")
    func others() async {
        await withCrowd(waitingMax: 1_000_000, threads: ModuleThreads(of: "full", countMax: 1)) { crowd in
            crowd.askOther()
            // More than are begun, whatever the number of cores, until it is alone.
            for number in 0..<(1_000 + 200 * System.coreCount) { crowd.begin(number) }
            #expect(crowd.begun.count == Allowance.callsMax)
            crowd.begin(-1, for: ModuleGate("free", limits: ModuleLimits(), metrics: MetricsRegistry()))
            #expect(crowd.begun.last == -1)
            let step = max(pause, Allowance.interval)
            for _ in 0..<10 { crowd.eventLoop.advanceTime(by: step) }
            #expect(
                crowd.begun.count == Allowance.callsMax + 1
                    + Int(10 * step.nanoseconds / Allowance.interval.nanoseconds))

            crowd.eventLoop.advanceTime(by: Allowance.othersStay)
            let before = crowd.begun.count
            crowd.eventLoop.advanceTime(by: pause)
            #expect(crowd.begun.count == before + share && crowd.starts.waiting > 0)
        }
    }

    @Test("One that has a place free keeps to its pace beside others, too, and nobody waits who comes at that pace")
    func freeOutsider() async {
        await withCrowd { crowd in
            let threads = ModuleThreads(of: "outsider", countMax: 1)
            let free = ModuleGate("outsider", limits: ModuleLimits(), metrics: MetricsRegistry(), threads: threads)
            for number in 0..<100 { crowd.begin(number, for: free) }
            #expect(crowd.begun.count == 100, "it is alone")

            for round in 0..<3 {
                crowd.askOther()
                crowd.eventLoop.advanceTime(by: Allowance.interval * Int64(Allowance.callsMax))
                for number in 0..<Allowance.callsMax { crowd.begin(number, for: free) }
                #expect(crowd.starts.waiting == 0 && crowd.begun.count == 100 + (round + 1) * Allowance.callsMax)
            }
            crowd.begin(1, for: free)
            #expect(crowd.starts.waiting == 1)
            crowd.eventLoop.advanceTime(by: max(pause, Allowance.interval))
            #expect(crowd.starts.waiting == 0)
        }
    }

    @Test("A compiled-in module has as many begun beside others")
    func compiledIn() async {
        await withCrowd { crowd in
            for number in 0..<1_000 { crowd.begin(number) }
            crowd.askOther()
            crowd.eventLoop.advanceTime(by: pause)
            #expect(crowd.begun.count == 2 * share)
        }
    }

    private func withCrowd(
        waitingMax: Int = 4_096, threads: ModuleThreads? = nil, _ body: @MainActor (Crowd) async -> Void
    ) async {
        let crowd = await Crowd(waitingMax: waitingMax, threads: threads)
        await body(crowd)
        await crowd.leave()
    }
}

/// A module whose only place is taken until told otherwise, and a loop.
@MainActor
private final class Crowd {
    let eventLoop = EmbeddedEventLoop()
    let gate: ModuleGate
    let starts: CrowdedStarts
    private let tally: RequestTotals.Tally
    private(set) var begun: [Int] = []
    private(set) var refused: [Int] = []
    private let door: Door
    private let running: Task<Void, Never>

    init(waitingMax: Int, threads: ModuleThreads?) async {
        let limits = ModuleLimits(callsMax: 1, waitingMax: waitingMax)
        let (gate, door) = (ModuleGate("full", limits: limits, metrics: MetricsRegistry(), threads: threads), Door())
        let totals = RequestTotals()
        (self.gate, self.door, tally) = (gate, door, totals.tally())
        starts = CrowdedStarts(on: eventLoop, totals: totals)
        running = Task {
            _ = try? await gate.call("ask", replyMax: 1_000) {
                await door.pass()
                return Reply(body: [])
            }
        }
        while !gate.isCrowded { await Task.yield() }
    }

    /// Somebody asks for something else.
    func askOther() { tally.add() }

    func begin(_ number: Int, for other: ModuleGate? = nil) {
        (other ?? gate).asked()
        tally.add()
        starts.begin(for: other ?? gate) { [self] course in
            switch course {
            case .begin: begun.append(number)
            case .refuse: refused.append(number)
            }
            return true
        }
    }

    func leave() async {
        door.open()
        await running.value
    }
}
