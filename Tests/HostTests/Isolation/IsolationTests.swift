import HTTPTypes
import PluginAPI
import Testing

@testable import Host

@Suite("A module that misbehaves costs itself")
struct IsolationTests {
    private static let accounts = "/api/v1/accounts"

    private static func limits(_ ofProbe: String) -> String {
        "limits: { requests_per_minute: 1000000 }\nmodules: { limits: { of: { probe: { \(ofProbe) } } } }\n"
    }

    @Test("One that throws is left alone with a time to come back, and is told of; the others serve")
    func throwing() async throws {
        try await ReloadFixture.run(Self.limits("failures: 3, pause: 60s")) { host in
            var codes: [Int] = []
            for _ in 0..<3 { codes.append(await host.ask("/api/v1/probe/broken").status.code) }
            let held = await host.ask("/api/v1/probe/broken")
            let sibling = await host.ask("/api/v1/probe")

            #expect(codes == [500, 500, 500])
            #expect(held.status.code == 503 && (1...60).contains(Int(held.header("Retry-After") ?? "") ?? 0))
            #expect(sibling.status.code == 503 && host.diary.asked.value == 3)
            #expect(await host.ask(Self.accounts).status.code == 200)
            let record = host.generations.current.modules.board.record(of: "probe")
            #expect(record.status.word == "degraded" && record.status.reason?.contains("Trouble") == false)
            #expect(record.lastFault?.doing == "broken" && record.lastFault?.reason == "Trouble()")
            let ready = await host.ask("/api/v1/ready")
            #expect(ready.text.contains("one is tried now and then") && !ready.text.contains("Trouble"))
        }
    }

    @Test("One whose reply is too large says so to whoever asked and goes on, and nothing of it is kept")
    func large() async throws {
        try await ReloadFixture.run(Self.limits("reply: 1KiB, failures: 1")) { host in
            let answers = [await host.ask("/api/v1/probe/huge"), await host.ask("/api/v1/probe/huge")]

            #expect(answers.map(\.status.code) == [422, 422] && host.diary.asked.value == 2)
            #expect(answers[0].detail == "The answer has more than 1024 bytes; ask for less by the parameters.")
            #expect(await host.ask("/api/v1/probe").status.code == 200)
        }
    }

    @Test("A module's own word that it has failed is answered, and nobody else gets it")
    func failedReply() async throws {
        try await ReloadFixture.run(
            Self.limits("failures: 3") + "queries: [probe: { diary: NAME, ttl: 60s }]\n"
        ) { host in
            var codes: [Int] = []
            for _ in 0..<4 { codes.append(await host.ask("/api/v1/probe/sorry").status.code) }

            #expect(codes == [502, 502, 502, 503] && host.diary.asked.value == 3)
        }
    }

    @Test("Enabling calls a module that is left alone, and a reload without a number of failures does too")
    func reopened() async throws {
        try await ReloadFixture.run(Self.limits("failures: 1, pause: 1h")) { host in
            _ = await host.ask("/api/v1/probe/broken")
            let held = await host.ask().status.code
            let on = try await host.generations.foundation.modules.turn(ModuleSwitch(id: "probe", isOn: true))
            let enabled = await host.ask().status.code
            _ = await host.ask("/api/v1/probe/broken")
            let again = await host.ask("/api/v1/probe/broken").status.code
            host.write(Self.limits("failures: 0"))
            try await host.reload()

            #expect(held == 503 && on.status == .ok && enabled == 200 && again == 503)
            #expect(await host.ask("/api/v1/probe/broken").status.code == 500)
            #expect(host.generations.current.modules.board["probe"] == .ok)
        }
    }

    @Test("A module that is taken out leaves no overdue calls behind, and comes back as one that is not disabled")
    func removed() async throws {
        let limits = Self.limits("calls: 2, failures: 0, deadline: 100ms")
        try await ReloadFixture.run(limits + "queries: [probe: { diary: NAME, ttl: 0s }]\n") { host in
            let gates = try #require(host.generations.current.modules.board.record(of: "probe").gates)
            while gates.overdue < 2 { #expect(await host.ask("/api/v1/probe/slow").status.code == 503) }
            let before = host.text(#"module_calls_overdue{module="probe"}"#)
            _ = try await host.generations.foundation.modules.turn(ModuleSwitch(id: "probe", isOn: false))
            host.write(limits + "queries: [positions]\n")
            try await host.reload()
            let after = host.text(#"module_calls_overdue{module="probe"}"#)
            host.write(Self.limits("calls: 2, failures: 0") + "queries: [probe: { diary: NAME, ttl: 0s }]\n")
            try await host.reload()

            #expect(before == "2" && after == "0")
            #expect(await host.ask().status.code == 200)
        }
    }

    @Test("Scheduled work that hangs is not begun again by a reload that replaces the scheduler")
    func scheduled() async throws {
        try await ReloadFixture.run("queries: [probe: { diary: NAME }, reconciliation]\n") { host in
            let work = host.generations.current.modules.board.record(of: "reconciliation").scheduledWork
            #expect(await host.eventually { work.begin() })
            let before = host.scheduledCalls
            host.write("queries: [probe: { diary: NAME }, reconciliation, guards]\n")
            try await host.reload()
            await host.generations.current.scheduler.runOnce()
            let meanwhile = host.scheduledCalls
            work.end()
            await host.generations.current.scheduler.runOnce()

            #expect(meanwhile == before && host.scheduledCalls != before)
        }
    }

    @Test(
        "One that hangs keeps as many calls as may run, across reloads, and serves again when they come back",
        .timeLimit(.minutes(1)))
    func hanging() async throws {
        let limits = Self.limits("calls: 2, failures: 0, deadline: 100ms")
        try await ReloadFixture.run(limits + "queries: [probe: { diary: NAME, ttl: 0s }]\n") { host in
            let gates = try #require(host.generations.current.modules.board.record(of: "probe").gates)
            // On a busy machine a call may be too late before it is made.
            while gates.overdue < 2 { #expect(await host.ask("/api/v1/probe/slow").status.code == 503) }
            try await host.reload()
            var held = await host.ask("/api/v1/probe")
            while held.detail?.contains("not come back") != true {
                try await Task.sleep(for: .milliseconds(5))
                held = await host.ask("/api/v1/probe")
            }

            #expect(held.status.code == 503)
            #expect(host.diary.asked.value == 2)
            #expect(await host.ask(Self.accounts).status.code == 200)
            #expect(host.text(#"module_calls_overdue{module="probe"}"#) == "2")
            host.diary.door.open()
            #expect(await host.eventually { gates.overdue == 0 })
            while await host.ask("/api/v1/probe").status.code != 200 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test("One that is flooded runs and queues what it may, and the rest is told so at once", .timeLimit(.minutes(1)))
    func flooded() async throws {
        let limits = Self.limits("calls: 2, queue: 3")
        try await ReloadFixture.run(limits + "queries: [probe: { diary: NAME, ttl: 0s }]\n") { host in
            let codes = await withTaskGroup(of: Int.self) { group in
                let refused = Tally()
                for _ in 0..<100 {
                    group.addTask {
                        let code = await host.ask("/api/v1/probe/slow").status.code
                        if code == 503 { refused.add() }
                        return code
                    }
                }
                while refused.value < 95 { await Task.yield() }
                host.diary.door.open()
                return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }

            #expect(codes == [200: 5, 503: 95])
            #expect(await host.ask(Self.accounts).status.code == 200)
        }
    }

    @Test("Limits are changed by a reload, and kept by one that fails")
    func reloaded() async throws {
        try await ReloadFixture.run(Self.limits("failures: 3")) { host in
            let gates = try #require(host.generations.current.modules.board.record(of: "probe").gates)
            host.write(Self.limits("failures: 7"))
            await #expect(throws: (any Error).self) {
                try await host.reload { _, _ in throw ProbeModule.Trouble() }
            }
            let kept = gates.limits.failuresMax
            try await host.reload()

            #expect(kept == 3 && gates.limits.failuresMax == 7)
            #expect(host.generations.current.modules.board.record(of: "probe").gates === gates)
        }
    }

    @Test("An operation is kept to the narrower of its own limits and the operator's")
    func declared() {
        let limits = ModuleLimits(deadline: .seconds(10), replyMax: 1_000)
        let operation = PluginAPI.Operation.constant().limited(deadline: .seconds(3), replyMax: 5_000)

        let narrowed = limits.narrowed(by: operation.limits)

        #expect(narrowed.deadline == .seconds(3) && narrowed.replyMax == 1_000)
        #expect(operation.limited(replyMax: 10).limits == OperationLimits(deadline: .seconds(3), replyMax: 10))
    }
}

extension ReloadFixture {
    /// How often the reconciliation's own work has ended well.
    fileprivate var scheduledCalls: String {
        text(#"module_calls_total{module="reconciliation",operation="scheduled",outcome="ok"}"#)
    }
}
