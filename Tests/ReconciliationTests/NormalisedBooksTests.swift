import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

/// A large book is read on two threads, a small one on one.
@Suite("Both books as columns")
struct NormalisedBooksTests {
    @Test("A symbol has one number on both sides, whichever side names it first", arguments: [10, 15_000])
    func symbols(rows: Int) throws {
        let ours = (0..<rows).map { trade("t\($0)", ["GBPUSD", "ODD", "EURUSD"][$0 % 3]) }
        let theirs = (0..<rows).map { position(Int64($0 + 1), ["EURUSD", "XAUUSD", "GBPUSD"][$0 % 3]) }

        let books = try NormalisedBooks(MatchInput(trades: ours, positions: theirs))

        #expect(books.symbols.symbols == ["GBPUSD", "ODD", "EURUSD", "XAUUSD"])
        #expect(books.symbols.isOurs == [true, true, true, false])
        #expect(books.symbols.isBrokers == [true, false, true, true])
        #expect(books.book.rows.allSatisfy { books.symbols[$0.instrument] == ours[Int($0.index)].instrument })
        #expect(books.broker.rows.allSatisfy { books.symbols[$0.instrument] == theirs[Int($0.index)].instrument })
        #expect(books.broker.rows.allSatisfy { $0.isBuy && $0.magic == nil })
    }

    @Test("The book's failure comes before the broker's", arguments: [1, 15_000])
    func failures(rows: Int) {
        let beyond = FixedDecimal(units: 1, scale: 9)
        let ours = (1...rows).map { trade("t\($0)", at: $0 == rows ? beyond : "1") }
        let theirs = (1...rows).map { position(Int64($0), at: $0 == rows ? beyond : "1") }

        #expect(throws: MatchFailure.outOfRange("trade t\(rows)")) {
            try NormalisedBooks(MatchInput(trades: ours, positions: theirs))
        }
        #expect(throws: MatchFailure.outOfRange("position \(rows)")) {
            try NormalisedBooks(MatchInput(trades: [], positions: theirs))
        }
    }
}
