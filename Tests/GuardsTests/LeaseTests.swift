import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Guards

@Suite("Leasing, confirming and failing close commands")
struct LeaseTests {
    @Test("A leased command has the contract's fields and is handed to nobody else")
    func lease() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1, 2])

            let first = try await desk.lease(limit: 1)
            let second = try await desk.lease(by: "other")
            let third = try await desk.lease(by: "third")

            #expect(first.map { $0["ticket"]?.text } == ["1"])
            #expect(second.map { $0["ticket"]?.text } == ["2"])
            #expect(third.isEmpty)
            let command = try #require(first.first)
            #expect(command["id"]?.text.hasPrefix("cmd_") == true)
            #expect(command["account_id"]?.text == "acc")
            #expect(command["symbol"]?.text == "XAUUSD")
            #expect(command["direction"]?.text == "buy")
            #expect(command["volume"]?.text == "0.1")
            #expect(command["reason"]?.text == "drawdown")
            #expect(command["status"]?.text == "leased")
            #expect(command["leased_until"]?.text == "\(desk.clock.now + .seconds(30))")
        }
    }

    @Test("An empty lease is an empty list")
    func empty() async throws {
        try await Desk.with { desk in
            let reply = try await desk.command(
                "leaseCloseCommands", #"{"account_id": "acc", "limit": 1, "seconds": 1}"#)

            #expect(
                reply
                    == .object([.init(name: "commands", value: .array([])), .init(name: "next_cursor", value: .null)]))
        }
    }

    @Test("A lease that ends gives the command back, by the scheduler or at the next lease")
    func leaseEnds() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            try await desk.lease(seconds: 5)

            try await desk.wait(.seconds(5))
            #expect(try await desk.commands().map { $0["status"]?.text } == ["pending"])
            #expect(try await desk.commands().first?["leased_until"] == .null)
            try await desk.lease(seconds: 5, by: "other")
            desk.clock.advance(by: .seconds(5))

            #expect(try await desk.lease(by: "third").count == 1)
        }
    }

    @Test(
        "A confirmed command closes the position with price, time, reason and exact profit, and is counted and logged")
    func confirm() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1, 2])
            let id = try #require(try await desk.lease().first?["id"]?.text)
            let closedAt = desk.clock.now - .seconds(1)

            let confirmed = try await desk.confirm(id, at: closedAt)
            let again = try await desk.confirm(id, at: closedAt)

            #expect(confirmed["status"]?.text == "confirmed")
            #expect(confirmed["realized_pnl"]?.text == "93.75")
            #expect(again == confirmed)
            let position = try #require(try await desk.position(1))
            #expect(position.text("status") == "closed")
            #expect(position.decimal("close_price") == "1960")
            #expect(position.timestamp("closed_at") == closedAt)
            #expect(position.decimal("realized_pnl") == "93.75")
            #expect(position.text("close_reason") == "drawdown")
            #expect(desk.metrics["positions_autoclosed_total{drawdown}"] == 1)
            let lines = try await desk.storage.rows(
                "SELECT kind, ticket, description FROM reconciliation_logs WHERE event_type = 'position_closed'")
            #expect(lines.map { $0.text("kind") } == ["close"])
            #expect(lines.map { $0.integer("ticket") } == [1])
            #expect(lines.first?.text("description") == "XAUUSD ticket 1 was closed on command: drawdown")
        }
    }

    @Test("Where the instrument's currency is not the account's, the profit is not known")
    func foreignCurrency() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1], symbol: "EURGBP")
            let id = try #require(try await desk.lease().first?["id"]?.text)

            let confirmed = try await desk.confirm(id, at: desk.clock.now)

            #expect(confirmed["realized_pnl"] == .null)
            #expect(try await desk.position(1)?.decimal("close_price") == "1960")
        }
    }

    @Test("A failed command says why, leaves the position open, and is neither counted nor handed out again")
    func fail() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let id = try #require(try await desk.lease().first?["id"]?.text)

            let failed = try await desk.command("failCloseCommand", #"{"reason": "market closed"}"#, id: id)
            let again = try await desk.command("failCloseCommand", #"{"reason": "market closed"}"#, id: id)
            let other = try await desk.refusal("failCloseCommand", #"{"reason": "else"}"#, id: id)

            #expect(failed["status"]?.text == "failed")
            #expect(failed["detail"]?.text == "market closed")
            #expect(again == failed)
            #expect(other.status == 409)
            #expect(try await desk.lease().isEmpty)
            #expect(try await desk.position(1)?.text("status") == "open")
            #expect(desk.metrics["positions_autoclosed_total{drawdown}"] == 0)
        }
    }

    @Test("A foreign agent is told of no command, and none of its calls changes anything")
    func foreignAgent() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let id = try #require(try await desk.lease().first?["id"]?.text)
            let foreign = Caller.Grant.accounts(["another"])

            let lease = try await desk.refusal(
                "leaseCloseCommands", #"{"account_id": "acc", "limit": 1, "seconds": 1}"#, covering: foreign)
            let confirm = try await desk.refusal(
                "confirmCloseCommand", desk.closing(at: desk.clock.now), id: id, covering: foreign)
            let fail = try await desk.refusal("failCloseCommand", #"{"reason": "no"}"#, id: id, covering: foreign)
            let absent = try await desk.refusal("failCloseCommand", #"{"reason": "no"}"#, id: "cmd_none")

            #expect([lease, confirm, fail, absent].map(\.status) == [404, 404, 404, 404])
            #expect(fail.detail == "There is no close command \(id).")
            #expect(try await desk.commands().map { $0["status"]?.text } == ["leased"])
            #expect(
                desk.module.operations.filter { $0.path.hasPrefix("/close-commands/") }.allSatisfy {
                    $0.roles == [.agent]
                })
        }
    }

    @Test("An agent without the lease, one whose lease is over, and a second confirmation with another price are 409")
    func refused() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let pending = try #require(try await desk.commands().first?["id"]?.text)
            let body = desk.closing(at: desk.clock.now)

            let unleased = try await desk.refusal("confirmCloseCommand", body, id: pending)
            try await desk.lease(seconds: 5)
            let other = try await desk.refusal("confirmCloseCommand", body, id: pending, by: "other")
            desk.clock.advance(by: .seconds(5))
            let over = try await desk.refusal("confirmCloseCommand", body, id: pending)
            #expect(try await desk.position(1)?.text("status") == "open")
            try await desk.lease(by: "other")
            try await desk.command("confirmCloseCommand", body, id: pending, by: "other")
            let twice = try await desk.refusal(
                "confirmCloseCommand", desk.closing("1961", at: desk.clock.now), id: pending, by: "other")

            #expect([unleased, other, over, twice].map(\.status) == [409, 409, 409, 409])
            #expect(try await desk.position(1)?.decimal("close_price") == "1960")
            #expect(desk.metrics["positions_autoclosed_total{drawdown}"] == 1)
        }
    }

    @Test("A closing of before the position, or of a time that has not come, is refused and the lease stays")
    func impossibleTimes() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let id = try #require(try await desk.lease().first?["id"]?.text)
            let early = Timestamp(parsing: "2026-01-05T09:58:10Z") ?? desk.clock.now

            let before = try await desk.refusal("confirmCloseCommand", desk.closing(at: early), id: id)
            let ahead = try await desk.refusal(
                "confirmCloseCommand", desk.closing(at: desk.clock.now + .seconds(61)), id: id)

            #expect(before.status == 422)
            #expect(before.errors.map(\.place) == [.pointer("/closed_at")])
            #expect(ahead.status == 409)
            #expect(try await desk.commands().map { $0["status"]?.text } == ["leased"])
        }
    }

    @Test("An Idempotency-Key gives the same answer to the same call, and is refused with another body")
    func idempotency() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1, 2])
            let body = #"{"account_id": "acc", "limit": 1, "seconds": 30}"#

            let first = try await desk.command("leaseCloseCommands", body, key: "k-1")
            let again = try await desk.command("leaseCloseCommands", body, key: "k-1")
            let other = try await desk.refusal(
                "leaseCloseCommands", #"{"account_id": "acc", "limit": 2, "seconds": 30}"#, key: "k-1")

            #expect(again == first)
            #expect(other.status == 409)
            #expect(try await desk.commands("leased").count == 1)
        }
    }

    @Test("A position that a complete snapshot no longer lists needs no closing; a partial one proves nothing")
    func gone() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1, 2])
            try await desk.see(equity: "5000", completeness: "partial")
            #expect(try await desk.commands("pending").count == 2)
            desk.clock.advance(by: .seconds(1))

            try await desk.see(equity: "5000", tickets: [2])

            let expired = try await desk.commands("expired")
            #expect(expired.map { $0["ticket"]?.text } == ["1"])
            #expect(expired.first?["detail"]?.text == "the position is not open any more")
            #expect(try await desk.lease().map { $0["ticket"]?.text } == ["2"])
        }
    }

    @Test("A snapshot that comes before the confirmation takes nothing from it")
    func snapshotFirst() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let id = try #require(try await desk.lease().first?["id"]?.text)
            let closedAt = desk.clock.now
            desk.clock.advance(by: .seconds(1))
            try await desk.see(equity: "5000")
            #expect(try await desk.commands().map { $0["status"]?.text } == ["leased"])

            try await desk.confirm(id, at: closedAt)

            let position = try #require(try await desk.position(1))
            #expect(position.text("close_reason") == "drawdown")
            #expect(position.decimal("close_price") == "1960")
            #expect(position.timestamp("closed_at") == closedAt)
        }
    }

    @Test("A snapshot of before the closing that comes late shows the position open, and what was reported comes back")
    func lateListing() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            let id = try #require(try await desk.lease().first?["id"]?.text)
            let before = desk.clock.now
            desk.clock.advance(by: .seconds(1))
            let closedAt = desk.clock.now
            try await desk.confirm(id, at: closedAt)

            try await desk.see(equity: "5000", age: desk.clock.now.since(before), tickets: [1])
            #expect(try await desk.position(1)?.text("status") == "open")
            desk.clock.advance(by: .seconds(5))
            try await desk.see(equity: "5000")

            let position = try #require(try await desk.position(1))
            #expect(position.timestamp("closed_at") == closedAt)
            #expect(position.decimal("close_price") == "1960")
            #expect(position.text("close_reason") == "drawdown")
            #expect(desk.metrics["positions_autoclosed_total{drawdown}"] == 1)
        }
    }

    @Test("Nobody carries a command out after a day")
    func tooOld() async throws {
        try await Desk.with(interval: "manual") { desk in
            try await desk.tripAndWrite(tickets: [1])

            try await desk.wait(.seconds(86_399))
            #expect(try await desk.commands().map { $0["status"]?.text } == ["pending"])
            try await desk.wait(.seconds(1))

            let command = try #require(try await desk.commands().first)
            #expect(command["status"]?.text == "expired")
            #expect(command["detail"]?.text == "it was not carried out in time")
            #expect(try await desk.lease().isEmpty)
        }
    }

    @Test("A market alert that is to close writes commands for its symbol's positions at once, once while it lasts")
    func market() async throws {
        try await Desk.with(marketAct: "close") { desk in
            try await desk.see(equity: "10000", completeness: "partial", tickets: [7], symbol: "EURUSD")
            let quote =
                #"{"symbol": "XAUUSD", "bid": 100, "ask": 101, "open": 106, "previous_close": 100, "time": "TIME"}"#
            for _ in 0..<2 {
                desk.clock.advance(by: .seconds(1))
                try await desk.see(
                    equity: "10000", quotes: quote.replacing("TIME", with: "\(desk.clock.now)"),
                    completeness: "partial",
                    tickets: [8, 9])
            }

            let commands = try await desk.commands()
            #expect(commands.map { $0["ticket"]?.text } == ["8", "9"])
            #expect(commands.allSatisfy { $0["reason"]?.text == "market_gap" })
            let id = try #require(try await desk.lease().first?["id"]?.text)
            try await desk.confirm(id, at: desk.clock.now)
            #expect(desk.metrics["positions_autoclosed_total{market_gap}"] == 1)
            #expect(try await desk.position(8)?.text("close_reason") == "market_gap")
        }
    }

    @Test("A position that one guard has closed already gets no second command from the other")
    func bothGuards() async throws {
        try await Desk.with(marketAct: "close") { desk in
            try await desk.trip(tickets: [1, 2])
            let quote = #"{"symbol": "XAUUSD", "bid": 100, "ask": 101, "time": "\#(desk.clock.now)"}"#
            try await desk.see(equity: "5000", quotes: quote, tickets: [1, 2])
            #expect(try await desk.commands().count == 2)

            try await desk.wait(.seconds(10))

            let commands = try await desk.commands()
            #expect(commands.count == 2)
            #expect(commands.allSatisfy { $0["reason"]?.text == "market_liquidity" })
        }
    }
}

extension Desk {
    /// Trips the guard and lets its countdown end.
    func tripAndWrite(tickets: [Int], symbol: String = "XAUUSD") async throws {
        try await see(equity: "10000", tickets: tickets, symbol: symbol)
        clock.advance(by: .seconds(10))
        try await see(equity: "5000", tickets: tickets, symbol: symbol)
        try await wait(.seconds(10))
    }

    func closing(_ price: String = "1960.00", at time: Timestamp) -> String {
        #"{"close_price": \#(price), "closed_at": "\#(time)"}"#
    }

    @discardableResult
    func confirm(_ id: String, at time: Timestamp) async throws -> JSONValue {
        try await command("confirmCloseCommand", closing(at: time), id: id)
    }

    func position(_ ticket: Int64) async throws -> Row? {
        try await storage.rows(
            """
            SELECT status, close_price, closed_at, realized_pnl, close_reason FROM positions
            WHERE account_id = 'acc' AND ticket = \(ticket)
            """
        ).first
    }
}
