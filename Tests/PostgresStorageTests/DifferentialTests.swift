import BuiltIn
import PluginAPI
import PluginTesting
import PostgresStorage
import SQLiteStorage
import Testing

@testable import Host

extension AllTests {
    @Suite("The same on both storages")
    struct DifferentialTests {
        private static let accounts = ["acc", "net"]

        @Test("The same random history gives the same bytes for every query", arguments: [1, 2, 3] as [UInt64])
        func queries(seed: UInt64) async throws {
            let sqlite = SQLiteStorageModule(path: "\(try TemporaryDirectory().path)/concord.db")
            try await sqlite.start()
            try await TestDatabase.withStorage { postgres, _ in
                let clock = ManualClock()
                let pair = try TwinDesks(on: sqlite, postgres, clock: clock)
                try await pair.prepare(accounts: Self.accounts)
                try await live(History(seed: seed), on: pair)

                let coverage = try await compareQueries(of: pair, seed: seed)

                #expect(coverage.missing == [], "nothing was compared of these")
                #expect(coverage.shown.count > 60)
            }
            await sqlite.stop()
        }

        /// Each account's snapshots come three times over, with other times and prices: a book that stands still is
        /// remembered, and its snapshots are worked out before their transactions.
        @Test("A host that remembers books answers as hosts that have just started", arguments: [4, 5, 6] as [UInt64])
        func memory(seed: UInt64) async throws {
            let storages = try [1, 2].map { _ in
                SQLiteStorageModule(path: "\(try TemporaryDirectory().path)/concord.db")
            }
            for storage in storages { try await storage.start() }
            var pair = try TwinDesks(on: storages[0], storages[1], clock: ManualClock())
            try await pair.prepare(accounts: Self.accounts)
            var history = History(seed: seed)

            for _ in 0..<40 {
                let step = history.next(now: pair.clock.now)
                for repeats in 0..<(step.name == "snapshots" ? 3 : 1) {
                    try pair.startSecondAgain()
                    try await pair.send(step.again(after: repeats, at: pair.clock.now))
                    pair.clock.advance(by: .milliseconds(1_234))
                }
            }

            try pair.startSecondAgain()
            let coverage = try await compareQueries(of: pair, seed: seed)
            #expect(coverage.shown.count > 30)
            for storage in storages { await storage.stop() }
        }

        /// Random days, then an end that leaves close commands and breaks of every kind.
        private func live(_ history: History, on pair: TwinDesks) async throws {
            var history = history
            for step in 0..<80 {
                pair.clock.advance(by: .milliseconds(4_321))
                try await pair.send(history.next(now: pair.clock.now))
                let breaks = try await pair.column("breaks", "break_id")
                if let act = history.act(on: breaks, now: pair.clock.now) { try await pair.send(act) }
                if step.isMultiple(of: 7) { try await pair.runDue() }
                if step.isMultiple(of: 20) { try await pair.handOut(limit: 3, seconds: 5) }
                if step.isMultiple(of: 9) { try await pair.send(.init(name: "release", body: #"{"note": "checked"}"#)) }
            }
            for isLast in [false, true] {
                for equity in [13_000, 50] {
                    pair.clock.advance(by: .seconds(1))
                    try await pair.send(history.snapshot(of: "acc", pair.clock.now, equity: equity, onlyOpen: true))
                }
                pair.clock.advance(by: .seconds(12))
                try await pair.runDue()
                try await pair.handOut(limit: 4, seconds: 3_600, ends: true)
                if !isLast { try await pair.send(.init(name: "release", body: #"{"note": "in time"}"#)) }
            }
            let open = try await pair.column("breaks", "break_id", where: "status = 'open'")
            try await pair.send(
                .init(name: "acknowledgeBreak", body: "{}", values: ["break_id": .text(open.first ?? "none")]))
        }

        private func compareQueries(of pair: TwinDesks, seed: UInt64) async throws -> Coverage {
            var coverage = Coverage()
            var random = SeededRandom(state: seed)
            for (mine, theirs) in zip(pair.first.queries, pair.second.queries) {
                let cases = QueryCase.all(of: mine, now: pair.clock.now, &random)
                for (scope, identified) in try await scopes(of: mine, pair) {
                    for var query in cases {
                        query.values.merge(identified) { $1 }
                        let expected = try await pair.first.pages(of: mine, query, accounts: scope)
                        let found = try await pair.second.pages(of: theirs, query, accounts: scope)
                        #expect(found == expected, "\(mine.path) \(query) \(scope)")
                        coverage.note(query, of: mine, pages: expected)
                    }
                }
            }
            return coverage
        }

        /// Which accounts are asked for, with the values of the path: every object that there is.
        private func scopes(
            of operation: PluginAPI.Operation, _ pair: TwinDesks
        ) async throws -> [(accounts: [String], values: [String: Value])] {
            guard let name = operation.path.split(separator: "{").dropFirst().first?.split(separator: "}").first else {
                return ([Self.accounts] + Self.accounts.map { [$0] }).map { ($0, [:]) }
            }
            if name == "id" { return Self.accounts.map { ([$0], ["id": .text($0)]) } }
            let table = ["break_id": "breaks", "run_id": "runs", "position_id": "positions"][String(name)] ?? ""
            return try await pair.column(table, String(name)).map { (Self.accounts, [String(name): .text($0)]) }
        }
    }
}
