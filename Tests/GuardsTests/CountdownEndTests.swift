import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Guards

@Suite("The end of a countdown")
struct CountdownEndTests {
    @Test("One command per position that is still open, once, when the countdown is over and not before")
    func written() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1, 2, 3])
            try await desk.wait(.seconds(9))
            #expect(try await desk.commands().isEmpty)
            try await desk.see(equity: "5000", tickets: [1, 3])

            for _ in 0..<3 { try await desk.wait(.seconds(1)) }

            let commands = try await desk.commands()
            #expect(commands.map { $0["ticket"]?.text } == ["1", "3"])
            #expect(commands.allSatisfy { $0["status"]?.text == "pending" && $0["reason"]?.text == "drawdown" })
            #expect(commands.first?["created_at"]?.text == "\(desk.clock.now - .seconds(2))")
            #expect(try await desk.trips().map { $0["commands_at"]?.text } == ["\(desk.clock.now - .seconds(2))"])
        }
    }

    @Test("A recovery does not stop it")
    func recovery() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1])
            desk.clock.advance(by: .seconds(5))
            try await desk.see(equity: "10500", tickets: [1])

            try await desk.wait(.seconds(5))

            #expect(try await desk.commands().count == 1)
            #expect(try await desk.trips().count == 1)
        }
    }

    @Test("A restart in the countdown changes nothing: one trip, one command per position")
    func restart() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1, 2])
            let restarted = try desk.anotherHost()
            desk.clock.advance(by: .seconds(600))

            for host in [restarted, desk.module, restarted] {
                try await host.runDue(at: desk.clock.now, deadline: .now + .seconds(10))
            }

            #expect(try await desk.commands().map { $0["ticket"]?.text } == ["1", "2"])
            #expect(try await desk.trips().count == 1)
            #expect(desk.metrics["drawdown_guard_triggers_total"] == 1)
        }
    }

    @Test("Two schedulers on one storage at the same time write one command per position")
    func twoHosts() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: Array(1...20))
            let other = try desk.anotherHost()
            desk.clock.advance(by: .seconds(10))
            let now = desk.clock.now

            try await withThrowingTaskGroup(of: Void.self) { group in
                for host in [desk.module, other, desk.module, other] {
                    group.addTask { try await host.runDue(at: now, deadline: .now + .seconds(10)) }
                }
                try await group.waitForAll()
            }

            #expect(try await desk.count("close_commands") == 20)
            let lines = try await desk.storage.rows(
                "SELECT description FROM reconciliation_logs WHERE description LIKE 'countdown over%'")
            #expect(lines.compactMap { $0.text(0) } == ["countdown over: 20 positions to close"])
        }
    }

    @Test("Claiming a trip twice, as a host that was slower does, writes nothing")
    func claimedOnce() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1])
            desk.clock.advance(by: .seconds(10))
            let work = DueWork(account: "acc", now: desk.clock.now, writesCommands: true, outbox: desk.outbox)

            let first = try await desk.storage.transaction { try work.run(in: $0) }
            let second = try await desk.storage.transaction { try work.run(in: $0) }

            #expect([first?.isChanged, second?.isChanged] == [true, false])
            #expect(try await desk.count("close_commands") == 1)
        }
    }

    @Test("A source that goes stale in the countdown stops nothing: the trip was made on fresh data")
    func staleMeanwhile() async throws {
        try await Desk.with(countdown: .seconds(60)) { desk in
            try await desk.trip(tickets: [1])

            try await desk.wait(.seconds(60))

            #expect(try await desk.ask("drawdown")["state"]?.text == "unknown")
            #expect(try await desk.commands().count == 1)
        }
    }

    @Test("A guard that only reports has nothing closed, not even what was due before it was told so")
    func reportOnly() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1])
            desk.clock.advance(by: .seconds(10))
            let reporting = try desk.anotherHost(act: "report")

            try await reporting.runDue(at: desk.clock.now, deadline: .now + .seconds(10))
            #expect(try await desk.commands().isEmpty)
            try await desk.wait()

            #expect(try await desk.commands().count == 1)
        }
        try await Desk.with(act: "report") { desk in
            try await desk.trip(tickets: [1])
            try await desk.wait(.seconds(3_600))

            #expect(try await desk.commands().isEmpty)
        }
    }

    @Test("With a countdown of nothing the commands are written at the next look")
    func noCountdown() async throws {
        try await Desk.with(countdown: .zero) { desk in
            try await desk.trip(tickets: [1])
            try await desk.wait()

            #expect(try await desk.commands().count == 1)
        }
    }

    @Test("What is written, returned or gone stale is announced to the cache, and nothing else is")
    func announced() async throws {
        try await Desk.with { desk in
            try await desk.wait()
            try await desk.trip(tickets: [1])
            try await desk.wait(.seconds(1))
            #expect(desk.announced.all.isEmpty)

            try await desk.wait(.seconds(9))
            #expect(desk.announced.all == [[.account("acc"), .user("ann")]])
            try await desk.lease(seconds: 5)
            try await desk.wait(.seconds(5))
            #expect(desk.announced.all.count == 2)
            try await desk.wait(.seconds(15))
            #expect(desk.announced.all.count == 2)
            try await desk.wait(.microseconds(1))
            #expect(desk.announced.all.count == 3)
            try await desk.wait(.seconds(60))
            #expect(desk.announced.all.count == 3)
        }
    }

    @Test("Looking for what is due reads indexes, never a whole table")
    func cheap() async throws {
        try await Desk.with { desk in
            let plan = try await desk.storage.rows(
                """
                EXPLAIN QUERY PLAN
                \(DueAccounts.query(at: desk.clock.now, since: desk.clock.now, writesCommands: true))
                """)
            let steps = plan.compactMap { $0.text("detail") }

            #expect(
                ["guard_trips_due", "close_commands_leased", "close_commands_pending", "guard_states_stale"]
                    .allSatisfy { index in steps.contains { $0.contains(index) } }, "\(steps)")
            #expect(!steps.contains { $0.hasPrefix("SCAN") && !$0.contains(" d") && !$0.contains("(") }, "\(steps)")
        }
    }
}

extension Desk {
    /// Lets the account lose half of its equity with positions of these tickets open.
    func trip(tickets: [Int]) async throws {
        try await see(equity: "10000", tickets: tickets)
        clock.advance(by: .seconds(10))
        try await see(equity: "5000", tickets: tickets)
    }
}
