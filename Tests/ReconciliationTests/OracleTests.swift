import Glibc
import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("A slow comparison of every row with every other finds the same")
struct OracleTests {
    /// `CONCORD_ORACLE_BOOKS` asks for more books than a quick test can afford.
    private static let count = getenv("CONCORD_ORACLE_BOOKS").flatMap { Int(String(cString: $0)) } ?? 3_000

    @Test("In hedging accounts, with and without keys", arguments: [0, 5, 10])
    func hedging(keyless: Int) throws {
        var generator = SeededGenerator(seed: UInt64(keyless) + 5)
        var (exact, close, ambiguous, kept) = (0, 0, 0, 0)
        for _ in 0..<OracleTests.count / 3 {
            let books = RandomBooks(keyless: keyless, &generator)
            let policy = MatchPolicy(candidatesMax: Int.random(in: 2...4, using: &generator))
            let result = try match(books.trades, books.positions, closed: books.closed, policy: policy)
            let slow = SlowMatcher(books, policy: policy)

            expectSame(result, slow, books)
            exact += slow.exactTrades.count
            close += result.pairs.count { $0.grade == .tolerance }
            ambiguous += slow.ambiguous
            if try match(books.trades, books.positions, policy: policy) != result { kept += 1 }
        }

        // Books without such rows would prove nothing about them.
        #expect(exact > OracleTests.count / 100 && close > OracleTests.count / 100)
        #expect(ambiguous > OracleTests.count / 100)
        #expect(kept > OracleTests.count / 1_000 || keyless == 10)
    }

    @Test("In netting accounts")
    func netting() throws {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<OracleTests.count / 3 {
            let books = RandomBooks(keyless: 5, &generator)

            let result = try match(books.trades, books.positions, mode: .netting)

            #expect(result.named == SlowNetting(books).differences, "\(books)")
        }
    }

    private func expectSame(_ result: MatchResult, _ slow: SlowMatcher, _ books: RandomBooks) {
        var expected = slow.single
        var keyed: Set<String> = []
        var (exactTrades, exactTickets): (Set<String>, Set<Int64>) = ([], [])
        for pair in result.pairs {
            guard let trade = books.trades.first(where: { $0.id == pair.tradeIDs[0] }),
                let position = books.positions.first(where: { $0.ticket == pair.tickets[0] })
            else { continue }
            expected.formUnion(SlowJudge.differences(trade, position))
            guard pair.grade == .exact else {
                keyed.insert("\(pair.grade.rawValue) \(trade.id) \(position.ticket)")
                continue
            }
            exactTrades.insert(trade.id)
            exactTickets.insert(position.ticket)
            #expect(SlowLikeness.mayStandTogether(trade, position))
        }
        #expect(keyed == slow.pairs, "\(books)")
        #expect(exactTrades == slow.exactTrades && exactTickets == slow.exactTickets, "\(books)")
        #expect(result.named == expected, "\(books)")
        #expect(result.ours.matched == result.pairs.count && result.broker.matched == result.pairs.count)
        #expect(result.breaks.flatMap(\.differences).count { $0.breakClass == .ambiguous } == slow.ambiguous)
    }
}
