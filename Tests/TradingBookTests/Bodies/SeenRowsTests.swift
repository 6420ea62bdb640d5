import PluginAPI
import Testing

@testable import TradingBook

@Suite("What rows and members are told apart by")
struct SeenRowsTests {
    @Test("A row's key is found again among many of several accounts, in the latest row that has it")
    func keys() {
        var rows: [Approval] = []
        var seen = SeenRows(rowsMax: 3_000)
        var latest: [BookKey: Int] = [:]
        for number in 0..<3_000 {
            rows.append(
                Approval(
                    id: "approval-\(number * 7 % 500)", account: "acc-\(number % 3)", signal: "s-1",
                    decision: .approved,
                    decidedBy: "desk", decidedAt: Timestamp(seconds: 0), reason: nil))
            let before = latest.updateValue(number, forKey: rows[number].key)
            #expect(seen.add(lastOf: rows) == before)
        }
        #expect(latest.count == 1_500)
    }

    @Test("A repeat names the place in the list of the row before, whatever stands between")
    func places() {
        let row = #"""
            {"approval_id": "a-1", "account_id": "acc", "signal_id": "s-1", "decision": "approved", "decided_by": "desk",
             "decided_at": "2026-01-05T10:00:00Z"}
            """#
        let other = row.replacing("desk", with: "night desk")
        let problem = #expect(throws: Problem.self) {
            try BookBodies.approvals(Array("[5, \(row), \(row), 6, \(other)]".utf8), contentType: nil)
        }
        #expect(
            problem?.errors == [
                .init(.pointer("/0"), "must be an object, not a number"),
                .init(.pointer("/3"), "must be an object, not a number"),
                .init(.pointer("/4/approval_id"), "repeats a-1 of /2 with other content"),
            ])
    }

    @Test("A member is known by all of its name, however long, wherever the member before stood")
    func names() {
        let names = [
            "", "a", "b", "ab", "ba", "abc", "abd", "acc", "abcd", "abcde", "abcdefg", "abcdefgh", "abcdefgi",
            "abcdefgh12345678", "abcdefgh-12345678", "abcdefgh+12345678", "abcdefgh+-12345678",
        ]
        let known = FieldList(Array(names.dropLast()))
        for last in -1..<names.count - 1 {
            for (index, name) in names.enumerated() {
                let found = Array(name.utf8).withUnsafeBufferPointer { known.index(of: $0.span, after: last) }
                #expect(found == (index == names.count - 1 ? nil : index), "\(name) after \(last)")
            }
        }
        let unlike = Array("abcdefgh=12345678".utf8).withUnsafeBufferPointer { known.index(of: $0.span, after: 13) }
        #expect(unlike == nil)
    }

    @Test("Positions in any order come out by ticket, each row with all that is its own")
    func order() throws {
        let numbers = (0..<257).map { $0 * 100 % 257 + 1 } + [30, 7]
        let rows = numbers.map { number in
            """
            {"ticket": \(number), "symbol": "S\(number)", "direction": "buy", "volume": \(number), "entry_price": 1.1,
             "entry_time": "2026-01-05T10:00:00Z", "current_price": 1.2, "profit": 0}
            """
        }
        let body = """
            {"account_id": "acc", "as_of": "2026-01-05T10:00:00Z", "completeness": "complete",
             "positions": [\(rows.joined(separator: ","))]}
            """
        let positions = try SnapshotBody.parse(Array(body.utf8)).positions
        #expect(positions.map(\.ticket) == numbers.sorted().map(Int64.init))
        #expect(positions.allSatisfy { $0.symbol == "S\($0.ticket)" && $0.volume == FixedDecimal(Int($0.ticket)) })
    }
}
