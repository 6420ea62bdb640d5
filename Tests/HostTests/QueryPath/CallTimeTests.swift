import HTTPTypes
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("The time that a call has")
struct CallTimeTests {
    @Test("A call may wait for half of it, and it is short when less than half of the usual is left")
    func halves() {
        let start = ContinuousClock.now
        let whole = CallTime(from: start, to: start + .seconds(30), usual: .seconds(30))

        #expect(whole.latestStart == start + .seconds(15) && whole.deadline == start + .seconds(30) && !whole.isShort)
        #expect(!CallTime(from: start, to: start + .seconds(15), usual: .seconds(30)).isShort)
        #expect(CallTime(from: start, to: start + .seconds(14), usual: .seconds(30)).isShort)
    }

    @Test("A call that has waited for half of it is not begun, on any way", arguments: [false, true])
    func waited(isDynamic: Bool) async throws {
        let calls = Tally()
        let harness = try QueryPathHarness(
            [
                .query("fresh", at: "/fresh", scope: .accounts, ttl: .zero, reply: .anyObject) { _ in
                    calls.add()
                    return Reply(body: Array("{}".utf8))
                }
            ], threads: isDynamic ? OwnThreads(of: "fake") : nil)
        let (path, now) = (harness.path, ContinuousClock.now)
        let target = path.operations[0]
        let incoming = IncomingRequest(
            method: .get, path: target.template, headers: [:], body: [], peer: "peer", requestID: "r-1",
            receivedAt: harness.clock.now)
        let call = try await path.authorise(target, incoming, [:], .ann)
        func arrival(at start: ContinuousClock.Instant) -> RequestArrival {
            RequestArrival(
                requestID: "r-1", receivedAt: harness.clock.now,
                time: CallTime(from: start, to: start + .seconds(3_000), usual: .seconds(3_000)))
        }
        let late = arrival(at: now - .seconds(2_000))

        await #expect(throws: Overloaded.self) { try await path.ownCall(call, late).value() }
        let missing = MissingAnswer(query: PreparedQuery(call, key: ""), stamp: CacheStamp(versions: []), epoch: 0)
        let refusals = Tally()
        let isCalled = path.build(missing, late) { outcome in
            if case .failed(let failure) = outcome, failure is Overloaded { refusals.add() }
        }
        #expect(!isCalled && refusals.value == 1 && calls.value == 0)

        _ = try await path.ownCall(call, arrival(at: now)).value()
        #expect(calls.value == 1)
    }
}
