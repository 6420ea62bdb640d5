import PluginAPI
import SQLiteStorage
import Synchronization
import Testing

@testable import TradingBook

@Suite("Snapshots worked out before their transaction")
struct BookMemoryTests {
    @Test("A snapshot is worked out ahead once two have left the book as it was, and is the same in its transaction")
    func ahead() async throws {
        let stage = ForesightedStage()
        try await BookFixture.run(stages: [stage]) { book in
            for second in 0..<5 { _ = try await book.call("snapshots", snapshotBody(at: second)) }

            #expect(stage.applied.map(\.wasForeseen) == [false, false, false, true, true])
            let last = try #require(stage.applied.last)
            #expect(last.foreseen == last.change.with(sequence: 0))
            #expect(last.change.sequence == 5)
            #expect(last.change.openPositions.map(\.ticket) == [1, 2])
            let prices = try await book.rows("SELECT current_price FROM positions WHERE last_listed_at = \(time(4))")
            #expect(prices.map { $0.decimal(0) } == ["1955.04", "1955.04"])
        }
    }

    /// Everything that makes a remembered book another one.
    enum Change: String, CaseIterable {
        case trade, closing, instrument, alias, mode, position, gone, digits, statement, otherHost
    }

    @Test("A book that has changed since is read again", arguments: Change.allCases)
    func changed(_ change: Change) async throws {
        let stage = ForesightedStage()
        try await BookFixture.run(stages: [stage]) { book in
            for second in 0..<4 { _ = try await book.call("snapshots", snapshotBody(at: second)) }
            try #require(stage.applied.last?.wasForeseen == true)

            let tickets = try await make(change, book)
            _ = try await book.call("snapshots", snapshotBody(at: 9, tickets: tickets))

            let next = try #require(stage.applied.last)
            #expect(!next.wasForeseen)
            let fresh = try await otherwise(change, then: snapshotBody(at: 9, tickets: tickets))
            #expect(next.change.with(sequence: 0) == fresh.with(sequence: 0))
        }
    }

    @Test("A change that is rolled back leaves what is remembered true")
    func rolledBack() async throws {
        struct Refused: Error {}
        let stage = ForesightedStage()
        try await BookFixture.run(stages: [stage]) { book in
            for second in 0..<4 { _ = try await book.call("snapshots", snapshotBody(at: second)) }

            await #expect(throws: Refused.self) {
                try await book.storage.transaction { transaction in
                    try transaction.execute("UPDATE positions SET volume = 1 WHERE ticket = 1")
                    try BookRevision.renew("acc-1", in: transaction)
                    throw Refused()
                }
            }
            _ = try await book.call("snapshots", snapshotBody(at: 9))

            #expect(stage.applied.last?.wasForeseen == true)
            #expect(try await book.rows("SELECT volume FROM positions").map { $0.decimal(0) } == ["0.1", "0.1"])
        }
    }

    @Test("A late snapshot is not taken as it was worked out")
    func late() async throws {
        let stage = ForesightedStage()
        try await BookFixture.run(stages: [stage]) { book in
            for second in 5..<9 { _ = try await book.call("snapshots", snapshotBody(at: second)) }

            _ = try await book.call("snapshots", snapshotBody(at: 1))

            #expect(stage.applied.last?.wasForeseen == false)
            #expect(stage.applied.last?.change.isSuperseded == true)
            #expect(try await book.rows("SELECT DISTINCT last_listed_at FROM positions").first?.timestamp(0) == time(8))
        }
    }

    @Test("Accounts that were not asked for lately are forgotten first, and no more rows are kept than allowed")
    func bounded() {
        let memory = BookMemory(rowsMax: 8)
        for name in ["a", "b", "c"] { memory.rememberTwice(emptyBook(of: name), at: time(0)) }
        #expect(memory.recall("a", at: time(1)) != nil)

        let others = ["d", "e", "f", "g", "h", "i", "j", "k", "l"]
        for name in others {
            memory.rememberTwice(emptyBook(of: name), at: time(0))
            #expect(memory.recall("a", at: time(1)) != nil)
        }

        #expect(memory.recall("b", at: time(1)) == nil)
        #expect(memory.count.accounts <= 8)
        #expect(1...8 ~= (["a", "b", "c"] + others).count { memory.recall($0, at: time(1)) != nil })
    }

    @Test("The book of an account that comes once is not kept, however many come")
    func once() {
        let memory = BookMemory(rowsMax: 8)
        for index in 0..<100 { memory.remember(emptyBook(of: "account-\(index)"), at: time(0)) }

        #expect(memory.count.books == 0)
        #expect(1...8 ~= memory.count.accounts)
        #expect(memory.recall("account-99", at: time(0)) == nil)
        // Back after more accounts than there is room for.
        memory.remember(emptyBook(of: "account-0"), at: time(0))
        #expect(memory.recall("account-0", at: time(0)) == nil)
        // Back after fewer, in the newer half and in the older one.
        memory.remember(emptyBook(of: "account-0"), at: time(0))
        #expect(memory.recall("account-0", at: time(0)) != nil)
        for index in 97..<100 {
            memory.remember(emptyBook(of: "account-\(index)"), at: time(0))
            #expect(memory.recall("account-\(index)", at: time(0)) != nil)
        }
    }

    @Test("Names take a row each, so that books outlast accounts that come once")
    func namesAreLight() {
        let memory = BookMemory(rowsMax: 200)
        memory.rememberTwice(book(of: "regular", more: 49), at: time(0))
        for index in 0..<150 {
            memory.remember(book(of: "account-\(index)", more: 90), at: time(1))
            if index % 10 == 0 { #expect(memory.recall("regular", at: time(1)) != nil) }
        }
        #expect(memory.count.books == 1)
    }

    @Test("A book counts by what it takes now, however it has grown and shrunk")
    func weights() {
        let memory = BookMemory(rowsMax: 200)
        for symbols in [9, 79, 19, 89, 9] { memory.rememberTwice(book(of: "a", more: symbols), at: time(0)) }
        // 10 rows and 90 are half of the bound; one more is too much for this half.
        memory.rememberTwice(book(of: "b", more: 89), at: time(0))
        memory.rememberTwice(book(of: "c", more: 9), at: time(0))
        memory.rememberTwice(book(of: "d", more: 89), at: time(0))
        #expect(memory.recall("c", at: time(0)) != nil)
        #expect(memory.recall("d", at: time(0)) != nil)
        memory.remember(emptyBook(of: "e"), at: time(0))
        #expect(memory.recall("a", at: time(0)) == nil)
    }

    @Test("A book that has grown beyond half of the bound is not remembered, and neither is what it was before")
    func grown() {
        let memory = BookMemory(rowsMax: 200)
        memory.rememberTwice(book(of: "a", more: 9), at: time(0))
        #expect(memory.recall("a", at: time(0)) != nil)

        memory.remember(book(of: "a", more: 100), at: time(1))

        #expect(memory.recall("a", at: time(1)) == nil)
        #expect(memory.count.accounts == 0)
    }

    @Test("An account that comes more rarely than its book counts has no book kept")
    func rare() {
        let memory = BookMemory()
        for minute in 0..<4 {
            memory.remember(emptyBook(of: "rare"), at: time(minute * 60))
            memory.remember(emptyBook(of: "often"), at: time(minute * 60))
            memory.remember(emptyBook(of: "often"), at: time(minute * 60 + 59))
        }
        #expect(memory.count.books == 1)
        #expect(memory.recall("rare", at: time(180)) == nil)
    }

    @Test("What was read long ago, or has no revision of its own, is read again")
    func aged() {
        let memory = BookMemory()
        memory.rememberTwice(emptyBook(of: "kept"), at: time(0))
        memory.rememberTwice(emptyBook(of: "new", revision: 0), at: time(0))

        #expect(memory.recall("kept", at: time(59)) != nil)
        #expect(memory.recall("kept", at: time(60)) == nil)
        #expect(memory.recall("new", at: time(0)) == nil)
        // It comes regularly: what is read anew is kept at once.
        memory.remember(emptyBook(of: "kept"), at: time(60))
        #expect(memory.recall("kept", at: time(61)) != nil)
    }

    @Test("Trades, fills, symbols and instruments of its own are what a book takes")
    func rows() {
        let fill = Fill(id: "f", volume: "0.1", price: "1950.5", time: time(0))
        let trade = Trade(
            id: "t-1", account: "acc-1", symbol: "XAUUSD", direction: .buy, volume: "0.1", entryPrice: "1950.5",
            entryTime: time(0), fills: [fill, fill])
        let book = KnownBook(
            account: Account(id: "acc-1", user: "ann", currency: "USD"),
            revision: BookRevision(account: 1, instruments: 1), trades: [trade], positions: OpenRows(),
            symbols: ["XAUUSD", "EURUSD", "GBPUSD", "US500"], instruments: InstrumentBook(), digits: ObservedDigits(),
            ownInstruments: 8)
        #expect(book.rowsTotal == 1 + 2 + 1 + 2)
    }

    @Test("Instruments take memory of a book's own once one of them is stored")
    func ownInstruments() async throws {
        try await BookFixture.run { book in
            let store = book.book.instruments
            let isOwn = { try await book.storage.transaction { try store.resolved(["XAUUSD"], in: $0).isOwn } }
            #expect(try await !isOwn())
            try await describe("XAUUSD", aliases: "", book)
            #expect(try await isOwn())
        }
    }

    @Test("When the clock is put back, nothing is taken for new that was read before")
    func putBack() {
        let memory = BookMemory()
        memory.rememberTwice(emptyBook(of: "a"), at: time(3_600))
        #expect(memory.recall("a", at: time(3_590)) != nil)

        #expect(memory.recall("a", at: time(0)) == nil)
        memory.rememberTwice(emptyBook(of: "a"), at: time(0))
        #expect(memory.recall("a", at: time(59)) != nil)
        #expect(memory.recall("a", at: time(60)) == nil)
    }

    @Test("Who comes no more takes no room two minutes after, or three if its book was used until it was old")
    func agedAway() {
        let memory = BookMemory()
        for second in 0..<300 {
            memory.rememberTwice(emptyBook(of: "account-\(second)"), at: time(second))
            #expect(memory.count.accounts <= 121)
        }
        #expect(memory.recall("account-241", at: time(300)) != nil)
        #expect(memory.count.books >= 60)
        for second in 301..<420 {
            if second <= 358 { _ = memory.recall("account-299", at: time(second)) }
            memory.remember(emptyBook(of: "other-\(second)"), at: time(second))
        }
        for second in 420..<480 { memory.remember(emptyBook(of: "other-\(second)"), at: time(second)) }
        #expect(memory.count.books == 0)
    }

    @Test("Instruments get another revision when the migration is undone and done again")
    func migratedAgain() async throws {
        try await BookFixture.run { book in
            let revision: SQL = "SELECT revision FROM book_revisions WHERE book = 'instruments'"
            let before = try await book.rows(revision).first?.integer(0)
            let step = try #require(BookMigrations.all.first { $0.number == 11 })

            try await book.storage.migrationTransaction { transaction in
                try transaction.executeScript(Migration.script(step.down, for: transaction.dialect))
                try transaction.executeScript(Migration.script(step.up, for: transaction.dialect))
            }

            #expect(try await book.rows(revision).first?.integer(0) != before)
        }
    }

    // MARK: What is done

    /// - Returns: What the next snapshot lists.
    private func make(_ change: Change, _ book: BookFixture) async throws -> [Int] {
        switch change {
        case .trade: _ = try await book.call("trades", "[\(trade)]")
        case .closing: try await close(1, book)
        case .instrument: try await describe("XAUUSD", aliases: "", book)
        case .alias: try await describe("GOLD", aliases: #""XAUUSD.X""#, book)
        case .mode:
            try await book.put("acc-1", book.account(user: "user-1", extra: #", "mode": "netting""#))
        case .position: _ = try await book.call("snapshots", snapshotBody(at: 8, tickets: [1, 2, 3]))
        case .gone: _ = try await book.call("snapshots", snapshotBody(at: 8, tickets: [1]))
        case .digits: try await seeDigits(book)
        case .statement: _ = try await importList(book)
        case .otherHost: _ = try await book.otherHost().call("trades", "[\(trade)]")
        }
        return change == .position ? [1, 2, 3] : [1, 2]
    }

    /// What a host that remembers nothing makes of the same.
    private func otherwise(_ change: Change, then body: String) async throws -> IngestChange {
        let stage = ForesightedStage()
        var seen: IngestChange?
        try await BookFixture.run(stages: [stage]) { book in
            for second in 0..<4 { _ = try await book.call("snapshots", snapshotBody(at: second)) }
            _ = try await make(change, book)
            let host = try book.otherHost(stages: [stage])
            _ = try await host.call("snapshots", body)
            #expect(stage.applied.last?.wasForeseen == false)
            seen = stage.applied.last?.change
        }
        return try #require(seen)
    }

    private var trade: String {
        """
        {"trade_id": "t-1", "account_id": "acc-1", "symbol": "XAUUSD", "direction": "buy", "volume": 0.10,
         "entry_price": 1950.50, "entry_time": "2026-01-05T09:58:11Z", "status": "open", "ticket": 1}
        """
    }

    private func close(_ ticket: Int64, _ book: BookFixture) async throws {
        let module = book.book
        try await book.storage.transaction { transaction in
            let state = try AccountLock.require("acc-1", in: transaction)
            let closing = ReportedClosing(
                ticket: ticket, closedAt: time(4), closePrice: "1951", reason: .drawdown)
            _ = try module.close(closing, of: state.account, at: time(4), in: transaction)
        }
    }

    private func describe(_ symbol: String, aliases: String, _ book: BookFixture) async throws {
        _ = try await book.call(
            "putInstrument",
            #"{"digits": 3, "pip": 0.1, "multiplier": 100, "quote_currency": "USD", "aliases": [\#(aliases)]}"#,
            by: BookFixture.operator, parameters: ["symbol": .text(symbol)])
    }

    private func seeDigits(_ book: BookFixture) async throws {
        try await book.storage.transaction { transaction in
            var seen = try ObservedDigits(account: "acc-1", symbols: ["US500"], in: transaction)
            seen.see("US500", "1.25")
            try seen.save(account: "acc-1", in: transaction)
        }
    }

    private func importList(_ book: BookFixture) async throws -> Reply {
        let rows = """
            [{"ticket": 7, "symbol": "XAUUSD", "direction": "buy", "volume": 0.10, "entry_price": 1950.50,
              "entry_time": "2026-01-05T09:58:11Z", "current_price": 1955.75}]
            """
        return try await book.call(
            "statements", rows, parameters: ["account_id": .text("acc-1"), "as_of": .timestamp(time(8))])
    }

    private func emptyBook(of account: String, revision: Int64 = 1) -> KnownBook {
        book(of: account, more: 0, revision: revision)
    }

    /// One that takes so many rows beside its name.
    private func book(of account: String, more rows: Int, revision: Int64 = 1) -> KnownBook {
        KnownBook(
            account: Account(id: account, user: "ann", currency: "USD"),
            revision: BookRevision(account: revision, instruments: 1), trades: [], positions: OpenRows(),
            symbols: Set((0..<rows * 4).map { "SYMBOL-\($0)" }), instruments: InstrumentBook(),
            digits: ObservedDigits())
    }
}

extension BookMemory {
    /// An account that has come before: its book is kept.
    fileprivate func rememberTwice(_ book: KnownBook, at now: Timestamp) {
        for _ in 0..<2 { remember(book, at: now) }
    }
}

private func time(_ second: Int) -> Timestamp { Timestamp(seconds: 1_767_607_200 + Int64(second)) }

private func snapshotBody(at second: Int, tickets: [Int] = [1, 2]) -> String {
    snapshotBody(at: "\(time(second))", tickets: tickets).replacing("1955.75", with: "1955.0\(second)")
}

extension IngestChange {
    fileprivate func with(sequence: Int64) -> IngestChange {
        var copy = self
        copy.sequence = sequence
        return copy
    }
}

/// Remembers what it has been applied to, and whether it had been shown that before.
final class ForesightedStage: IngestStage {
    struct Application: Sendable {
        var foreseen: IngestChange?
        var change: IngestChange
        var wasForeseen: Bool { foreseen != nil }
    }

    private let seen = Mutex<[Application]>([])
    var applied: [Application] { seen.withLock { $0 } }

    func workedOut(_ change: IngestChange) -> any IngestStage { Foreseen(stage: self, foreseen: change) }

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        apply(Application(change: change))
    }

    private func apply(_ application: Application) { seen.withLock { $0.append(application) } }

    private struct Foreseen: IngestStage {
        let stage: ForesightedStage
        let foreseen: IngestChange

        func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
            stage.apply(Application(foreseen: foreseen, change: change))
        }
    }
}
