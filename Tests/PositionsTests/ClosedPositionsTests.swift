import PluginAPI
import PluginTesting
import Testing

@testable import Positions

@Suite("Closed positions and single ones")
struct ClosedPositionsTests {
    @Test("Closed positions come newest first, then by ticket, page by page, each once")
    func pages() async throws {
        try await Desk.with { desk in
            try await closeInTwoSteps(desk)

            let first = try await desk.ask("closed", ["limit": .integer(2)])
            let second = try await desk.ask("closed", ["limit": .integer(2)], cursor: place(of: first))
            let all = try await desk.ask("closed", ["limit": .integer(4)])

            #expect(tickets(first) == ["3", "1"])
            #expect(first["next_cursor"] != .null)
            #expect(tickets(second) == ["2", "4"])
            #expect(second["next_cursor"] == .null)
            #expect(tickets(all) == ["3", "1", "2", "4"])
            #expect(all["next_cursor"] == .null)
        }
    }

    @Test("A range takes its first moment in and leaves its last one out")
    func range() async throws {
        try await Desk.with { desk in
            try await closeInTwoSteps(desk)

            let from = try await desk.ask("closed", ["from": time("2026-01-05T10:02:00Z"), "limit": .integer(50)])
            let to = try await desk.ask("closed", ["to": time("2026-01-05T10:02:00Z"), "limit": .integer(50)])

            #expect(tickets(from) == ["3"])
            #expect(tickets(to) == ["1", "2", "4"])
            await #expect(throws: Problem.badParameter("to", "is before from")) {
                try await desk.reply(
                    "closed", ["from": time("2026-01-05T10:02:00Z"), "to": time("2026-01-05T10:00:00Z")])
            }
        }
    }

    @Test("What a snapshot no longer lists is closed at its time, without a price until a statement tells")
    func closing() async throws {
        try await Desk.with { desk in
            try await closeInTwoSteps(desk)

            let newest = try await desk.ask("closed", ["limit": .integer(1)])["positions"]?.elements.first

            #expect(newest?["status"]?.text == "closed")
            #expect(newest?["closed_at"]?.text == "2026-01-05T10:02:00Z")
            #expect(newest?["close_price"] == .null)
            #expect(newest?["realized_pnl"] == .null)
            #expect(newest?["close_reason"]?.text == "unknown")
        }
    }

    @Test("A symbol that nothing has gives an empty list")
    func symbol() async throws {
        try await Desk.with { desk in
            try await closeInTwoSteps(desk)

            let none = try await desk.ask("closed", ["symbol": .text("GBPUSD"), "limit": .integer(50)])
            let all = try await desk.ask("closed", ["symbol": .text("eurusd"), "limit": .integer(50)])

            #expect(tickets(none) == [])
            #expect(tickets(all).count == 4)
        }
    }

    @Test("A position keeps its ID when it closes, and has closing fields in both states")
    func byID() async throws {
        try await Desk.with { desk in
            try await desk.post(snapshot: snapshot(positions: [position(1)]))
            let id = try await desk.ask("open")["positions"]?.elements.first?["position_id"]?.text ?? ""

            let open = try await desk.ask("byID", ["position_id": .text(id)])
            try await desk.post(snapshot: snapshot(at: "2026-01-05T10:00:10Z", positions: []))
            let closed = try await desk.ask("byID", ["position_id": .text(id)])

            #expect(open["status"]?.text == "open")
            #expect(open["close_reason"] == .null)
            #expect(closed["position_id"]?.text == id)
            #expect(closed["status"]?.text == "closed")
        }
    }

    @Test("An unknown position and somebody else's are the same 404")
    func notFound() async throws {
        try await Desk.with { desk in
            try await desk.put(account: "foreign", #"{"user_id": "bob", "currency": "USD"}"#)
            try await desk.post(snapshot: snapshot(account: "foreign", positions: [position(1)]))
            let id = try await desk.ask("open", accounts: ["foreign"])["positions"]?.elements.first?["position_id"]?
                .text

            for asked in [id ?? "", "pos_none"] {
                await #expect(throws: Problem.notFound("There is no such position.")) {
                    try await desk.reply("byID", ["position_id": .text(asked)])
                }
            }
        }
    }

    /// Tickets 1, 2 and 4 close at 10:01, ticket 3 at 10:02.
    private func closeInTwoSteps(_ desk: Desk) async throws {
        try await desk.post(snapshot: snapshot(positions: [4, 2, 1, 3].map { position($0) }))
        desk.clock.advance(by: .seconds(120))
        try await desk.post(snapshot: snapshot(at: "2026-01-05T10:01:00Z", positions: [position(3)]))
        try await desk.post(snapshot: snapshot(at: "2026-01-05T10:02:00Z", positions: []))
    }

    private func tickets(_ list: JSONValue) -> [String] {
        (list["positions"]?.elements ?? []).map { $0["ticket"]?.text ?? "" }
    }

    private func time(_ text: String) -> Value { .timestamp(Timestamp(parsing: text)) }

    /// Where a page ends, as its cursor says to the host.
    private func place(of page: JSONValue) -> [Value] {
        let last = page["positions"]?.elements.last
        return [
            time(last?["closed_at"]?.text ?? ""), .integer(Int64(last?["ticket"]?.text ?? "") ?? 0),
            .text(last?["account_id"]?.text),
        ]
    }
}
