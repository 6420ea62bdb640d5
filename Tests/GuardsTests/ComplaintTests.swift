import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Guards

/// What users of such systems complained about, each with the answer it has here.
@Suite("Complaints about guards")
struct ComplaintTests {
    @Test("The drawdown guard fires again and again: one trip until it is released, however long the fall lasts")
    func firesAgain() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            for equity in ["4000", "7999", "5000", "9000", "1000"] {
                desk.clock.advance(by: .seconds(10))
                try await desk.see(equity: equity, tickets: [1])
                try await desk.wait()
            }

            #expect(try await desk.trips().count == 1)
            #expect(try await desk.commands().count == 1)
            #expect(desk.metrics["drawdown_guard_triggers_total"] == 1)
        }
    }

    @Test("It fires on transfers: a withdrawal moves the peak, before or after it is told of in a snapshot of its own")
    func firesOnTransfers() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000", tickets: [1])
            desk.clock.advance(by: .seconds(10))
            let withdrawal =
                #"{"flow_id": "w", "time": "\#(desk.clock.now)", "amount": -6000, "kind": "withdrawal"}"#
            try await desk.see(equity: "4000", flows: withdrawal, completeness: "partial", tickets: [1])
            desk.clock.advance(by: .seconds(10))

            try await desk.see(equity: "4000", tickets: [1])

            #expect(try await desk.trips().isEmpty)
            #expect(try await desk.ask("drawdown")["peak_equity"]?.text == "4000.00")
        }
    }

    @Test(
        "It fires on stale prices: a snapshot or a quote that is too old is unknown, trips nothing and closes nothing")
    func firesOnStalePrices() async throws {
        try await Desk.with(marketAct: "close") { desk in
            try await desk.see(equity: "10000", age: .seconds(100), tickets: [1])
            let quote = #"{"symbol": "XAUUSD", "bid": 100, "ask": 200, "time": "\#(desk.clock.now - .seconds(60))"}"#
            try await desk.see(equity: "1000", quotes: quote, age: .seconds(60), tickets: [1])
            try await desk.wait(.seconds(10))

            #expect(try await desk.trips().isEmpty)
            #expect(try await desk.commands().isEmpty)
            #expect(try await desk.ask("status")["system_status"]?.text == "degraded")
        }
    }

    @Test("Guard state is shared by all users and lost at a restart: it is each account's own, in storage")
    func stateInStorage() async throws {
        try await Desk.with { desk in
            try await desk.put(account: "bobs", user: "bob")
            try await desk.see(equity: "10000", account: "bobs")
            try await desk.trip(tickets: [1])
            let restarted = try desk.anotherHost()
            let drawdown = try #require(restarted.operations.first { $0.name == "drawdown" })

            let answer = try await drawdown.handler(
                Request(
                    caller: Caller(subject: "ann", role: .user), user: "ann", accounts: ["acc"], now: desk.clock.now,
                    cursors: NoPages()))

            #expect(try JSONValue(parsing: answer.body)["state"]?.text == "tripped")
            #expect(try await desk.ask("drawdown", accounts: ["bobs"])["state"]?.text == "ok")
        }
    }

    @Test("A race closes a position twice: agents that lease at the same time never hold the same position")
    func doubleClose() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: Array(1...12))

            let held = try await withThrowingTaskGroup(of: [String].self) { group in
                for agent in 1...6 {
                    group.addTask {
                        try await desk.lease(limit: 5, by: "bot-\(agent)").compactMap { $0["ticket"]?.text }
                    }
                }
                return try await group.reduce(into: [String]()) { $0 += $1 }
            }

            #expect(held.sorted() == (1...12).map(String.init).sorted())
        }
    }

    @Test("Close commands are handed out on every poll: one that is leased, or has ended, is not")
    func handedOutOnEveryPoll() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let first = try await desk.lease()
            let second = try await desk.lease()
            try await desk.confirm(first.first?["id"]?.text ?? "", at: desk.clock.now)
            desk.clock.advance(by: .seconds(3_600))
            let third = try await desk.lease()

            #expect([first.count, second.count, third.count] == [1, 0, 0])
        }
    }

    @Test("Close commands never expire: they do with the position, with the release, and after a day")
    func neverExpire() async throws {
        try await Desk.with(interval: "manual") { desk in
            try await desk.tripAndWrite(tickets: [1, 2])
            try await desk.see(equity: "5000", tickets: [2])
            try await desk.wait(.seconds(86_400))

            #expect(try await desk.commands("expired").map { $0["ticket"]?.text } == ["1", "2"])
        }
    }

    @Test("Anyone may confirm: only the agent that holds the lease can, of an account its token covers")
    func confirmedByAnyone() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let id = try #require(try await desk.lease().first?["id"]?.text)
            let body = desk.closing(at: desk.clock.now)

            let foreign = try await desk.refusal("confirmCloseCommand", body, id: id, covering: .accounts([]))
            let colleague = try await desk.refusal("confirmCloseCommand", body, id: id, by: "bot-2", covering: .all)

            #expect([foreign.status, colleague.status] == [404, 409])
            #expect(try await desk.position(1)?.text("status") == "open")
        }
    }

    @Test("Exceptions mean “do not close”: a quote that cannot be judged is unknown, and the account is degraded")
    func unjudged() async throws {
        try await Desk.with(marketAct: "close") { desk in
            let quote = #"{"symbol": "XAUUSD", "bid": 100, "time": "\#(desk.clock.now)"}"#
            try await desk.see(equity: "10000", quotes: quote, tickets: [1])

            let status = try await desk.ask("status")

            #expect(try await desk.ask("market")["symbols"]?.elements.map { $0["state"]?.text } == ["unknown"])
            #expect(status["system_status"]?.text == "degraded")
        }
    }

    @Test("Equity and peak are constants: without an equity there are no figures, only unknown")
    func equityConstants() async throws {
        try await Desk.with { desk in
            try await desk.post(
                snapshot:
                    #"{"account_id": "acc", "as_of": "\#(desk.clock.now)", "completeness": "complete", "positions": []}"#
            )

            let drawdown = try await desk.ask("drawdown")

            #expect(drawdown["state"]?.text == "unknown")
            #expect(drawdown["current_equity"] == .null)
            #expect(drawdown["peak_equity"] == .null)
            #expect(drawdown["current_drawdown_pct"] == .null)
        }
    }
}

private struct NoPages: CursorSigner {
    func sign(_ lastRow: [Value]) -> String { "" }
}
