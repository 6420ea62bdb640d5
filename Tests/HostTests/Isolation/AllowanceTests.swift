import NIOCore
import PluginAPI
import Testing

@testable import Host

@Suite("What a module from outside may take beside others")
struct AllowanceTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test("A few in one moment, then one an interval; what is saved up is no more than a few")
    func pace() {
        var allowance = Allowance()
        #expect(spent(&allowance, at: start) == Allowance.callsMax)
        #expect(spent(&allowance, at: start + halves(1)) == 0)
        #expect(spent(&allowance, at: start + Allowance.interval) == 1)
        // Halves add up.
        #expect(spent(&allowance, at: start + halves(5)) == 1)
        #expect(spent(&allowance, at: start + Allowance.interval * 3) == 1)
        #expect(spent(&allowance, at: start + .seconds(3_600)) == Allowance.callsMax)
        #expect(spent(&allowance, at: start + .seconds(3_600)) == 0)
    }

    @Test("Alone it has no bound, from a while after the last of the others on")
    func alone() {
        var allowance = Allowance()
        #expect((0..<1_000).allSatisfy { _ in admitted(&allowance, at: start, others: 0) })
        #expect(!admitted(&allowance, at: start, others: 1))
        let end = start + Allowance.othersStay
        _ = spent(&allowance, at: end - .nanoseconds(1), others: 1)
        #expect(!admitted(&allowance, at: end - .nanoseconds(1), others: 1))
        #expect((0..<1_000).allSatisfy { _ in admitted(&allowance, at: end, others: 1) })
    }

    @Test("What a module is asked itself is no other request, in whatever order it is counted")
    func own() {
        let threads = ModuleThreads(of: "asked", countMax: 1)
        let gate = ModuleGate("asked", limits: ModuleLimits(), metrics: RecordingMetrics(), threads: threads)
        for total in 1...100 {
            gate.asked()
            // Counted among all only later.
            #expect(gate.admits(at: start, ofAll: UInt64(total - 1)))
            #expect(gate.admits(at: start, ofAll: UInt64(total)))
            gate.spend()
        }
        #expect(!gate.admits(at: start, ofAll: 101))
    }

    @Test("A module that is compiled in has no such bound")
    func compiledIn() {
        let gate = ModuleGate("inside", limits: ModuleLimits(), metrics: RecordingMetrics())
        for total in 1...100 {
            #expect(gate.admits(at: start, ofAll: UInt64(total)))
            gate.spend()
        }
    }

    private func halves(_ count: Int64) -> TimeAmount { .nanoseconds(count * Allowance.interval.nanoseconds / 2) }

    private func admitted(_ allowance: inout Allowance, at now: NIODeadline, others: Int64) -> Bool {
        guard allowance.admits(at: now, others: others) else { return false }
        allowance.spend()
        return true
    }

    /// As many as begin in a moment in which others ask.
    private func spent(_ allowance: inout Allowance, at now: NIODeadline, others: Int64? = nil) -> Int {
        var count = 0
        let others = others ?? Int64(clamping: now.uptimeNanoseconds)
        while count < 1_000, admitted(&allowance, at: now, others: others) { count += 1 }
        return count
    }
}
