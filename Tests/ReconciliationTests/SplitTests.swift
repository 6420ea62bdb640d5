import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("A book that comes in several requests")
struct SplitTests {
    @Test("Is the same book, however it is split, repeated and ordered", arguments: [0, 5, 10])
    func split(keyless: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(keyless) + 31)
        for _ in 0..<3 {
            let books = RandomBooks(keyless: keyless, rowsMax: 7, &generator)
            let rows = books.trades.map(\.json).shuffled(using: &generator)
            let cut = Int.random(in: 0...rows.count, using: &generator)

            let whole = try await digest(of: [books.trades.map(\.json)], books)
            let parts = try await digest(of: [Array(rows[cut...]), Array(rows[..<cut]), rows], books)

            #expect(whole == parts)
        }
    }

    @Test("A second run on the same books finds the same and opens nothing")
    func secondRun() async throws {
        var generator = SeededGenerator(seed: 41)
        let books = RandomBooks(keyless: 5, rowsMax: 7, &generator)
        try await Desk.with { desk in
            try await desk.post(trades: "[\(books.trades.map(\.json).joined(separator: ","))]")
            let first = try await desk.post(snapshot: books.snapshot)
            let repeated = try await desk.post(snapshot: books.snapshot)
            let again = try await desk.rerun()
            let runs = try await desk.ask("runs", ["limit": .integer(5)])["runs"]?.elements ?? []

            #expect(repeated["duplicate"] == .boolean(true))
            #expect(repeated["run_id"] == first["run_id"])
            #expect(again["breaks"]?["opened"]?.text == "0" && again["breaks"]?["resolved"]?.text == "0")
            #expect(again["breaks"]?["still_open"] == first["breaks"]?["opened"])
            #expect(runs.count == 2 && runs[0]["digest"] == runs[1]["digest"])
        }
    }

    /// The digest of the run that compares the books after the trades have come in these requests.
    private func digest(of requests: [[String]], _ books: RandomBooks) async throws -> String {
        var digest = ""
        try await Desk.with { desk in
            for request in requests { try await desk.post(trades: "[\(request.joined(separator: ","))]") }
            try await desk.post(snapshot: books.snapshot)
            let runs = try await desk.ask("runs", ["limit": .integer(5)])["runs"]?.elements
            digest = try #require(runs?.first?["digest"]).text
        }
        return digest
    }
}

extension Trade {
    fileprivate var json: String {
        var json = JSONWriter()
        json.object {
            $0.field("trade_id", id)
            $0.field("account_id", account)
            $0.field("symbol", symbol)
            $0.field("direction", direction.rawValue)
            $0.field("volume", volume)
            $0.field("entry_price", entryPrice)
            $0.field("entry_time", entryTime)
            $0.field("status", "open")
            $0.field("ticket", ticket)
            $0.field("reference", reference)
            $0.field("comment", comment)
            $0.field("magic", magic)
            $0.field("stop_loss", stopLoss)
            $0.arrayField("fills", of: fills) { json, fill in
                json.object {
                    $0.field("fill_id", fill.id)
                    $0.field("volume", fill.volume)
                    $0.field("price", fill.price)
                    $0.field("time", fill.time)
                }
            }
        }
        return json.text
    }
}

extension RandomBooks {
    fileprivate var snapshot: String {
        var json = JSONWriter()
        json.object {
            $0.field("account_id", "acc")
            $0.field("as_of", "2026-01-05T09:00:00Z")
            $0.field("completeness", "complete")
            $0.arrayField("positions", of: positions) { json, position in
                json.object {
                    $0.field("ticket", position.ticket)
                    $0.field("symbol", position.symbol)
                    $0.field("direction", position.direction.rawValue)
                    $0.field("volume", position.volume)
                    $0.field("entry_price", position.entryPrice)
                    $0.field("entry_time", position.entryTime)
                    $0.field("current_price", position.currentPrice)
                    $0.field("stop_loss", position.stopLoss)
                    $0.field("profit", FixedDecimal.zero)
                    $0.field("comment", position.comment)
                    $0.field("magic", position.magic)
                }
            }
        }
        return json.text
    }
}
