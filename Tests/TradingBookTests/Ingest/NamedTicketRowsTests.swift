import PluginAPI
import SQLiteStorage
import Testing

@testable import TradingBook

@Suite("Which tickets the comments of closed trades name")
struct NamedTicketRowsTests {
    private static let comments: [(text: String, tickets: [Int64])] = [
        ("", []), ("5", [5]), ("0005", [5]), ("0", []), ("5 ", []), (" 5", []), ("5#6", [6]), ("#5", [5]),
        ("hedge of #5", [5]), ("#4, then #5", [4, 5]), ("#5 #5", [5]), ("##7#x#8a9", [7, 8]), ("#", []), ("###", []),
        ("#0", []), ("# 5", []), ("ü #12 – é", [12]), ("no. 7", []), ("%#%1_#2", [2]),
        ("9223372036854775807", [.max]), ("9223372036854775808", []), ("#9223372036854775807", [.max]),
        ("#9223372036854775808", []), ("#0000000000000000005", [5]), ("#00000000000000000005", []),
    ]

    @Test("They are kept as the trade changes, and gone when it is open again")
    func written() async throws {
        try await BookFixture.run { book in
            _ = try await book.text("trades", "[\(trade("t", comment: "#1 #2"))]")
            #expect(try await kept(book) == ["t 1", "t 2"])
            _ = try await book.text("trades", "[\(trade("t", comment: "#2 #3"))]")
            #expect(try await kept(book) == ["t 2", "t 3"])
            _ = try await book.text("trades", "[\(trade("t", comment: "#2 #3", isOpen: true))]")
            #expect(try await kept(book) == [])
            _ = try await book.text("trades", "[\(trade("t", comment: "#2 #3"))]")
            #expect(try await kept(book) == ["t 2", "t 3"])
        }
    }

    @Test("Comments from before are read by the same rules")
    func migrated() async throws {
        try await BookFixture.run { book in
            let step = try #require(BookModule.migrations.first { $0.number == 10 })
            let rows = Self.comments.enumerated().map { trade("t\($0)", comment: $1.text) }
            let open = trade("open", comment: "#5", isOpen: true)
            _ = try await book.text("trades", "[\((rows + [open]).joined(separator: ","))]")
            let written = try await kept(book)

            try await book.storage.migrationTransaction { transaction in
                try transaction.executeScript(Migration.script(step.down, for: .sqlite))
                try transaction.executeScript(Migration.script(step.up, for: .sqlite))
            }

            let expected = Self.comments.enumerated().flatMap { row, comment in
                comment.tickets.map { "t\(row) \($0)" }
            }
            #expect(written == expected.sorted())
            #expect(try await kept(book) == expected.sorted())
        }
    }

    private func kept(_ book: BookFixture) async throws -> [String] {
        try await book.rows("SELECT trade_id, ticket FROM trade_named_tickets").map {
            "\($0.text(0) ?? "") \($0.integer(1) ?? 0)"
        }.sorted()
    }
}

private func trade(_ id: String, comment: String, isOpen: Bool = false) -> String {
    let end = #""status":"closed","closed_at":"2026-01-05T08:30:00Z","close_price":1.1"#
    return """
        {"trade_id":"\(id)","account_id":"acc-1","symbol":"EURUSD","direction":"buy","volume":0.1,"entry_price":1.1,
         "entry_time":"2026-01-05T08:00:00Z","comment":"\(comment)",\(isOpen ? #""status":"open""# : end)}
        """
}
