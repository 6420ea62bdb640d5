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
        @Test("The same random history gives the same bytes for every query", arguments: [1, 2, 3] as [UInt64])
        func queries(seed: UInt64) async throws {
            let sqlite = SQLiteStorageModule(path: "\(try TemporaryDirectory().path)/concord.db")
            try await sqlite.start()
            try await TestDatabase.withStorage { postgres, _ in
                let clock = ManualClock()
                let desks = try [Desk(on: sqlite, clock: clock), Desk(on: postgres, clock: clock)]
                for desk in desks { try await prepare(desk, clock) }
                try await live(History(seed: seed), on: desks, clock)

                try await compareQueries(of: desks)
            }
            await sqlite.stop()
        }

        private func prepare(_ desk: Desk, _ clock: ManualClock) async throws {
            try await Migrator(storage: desk.storage, clock: clock, modules: BuiltInModules.all).up()
            for (account, mode) in [("acc", "hedging"), ("net", "netting")] {
                let body = #"{"user_id": "ann", "currency": "USD", "mode": "\#(mode)", "snapshot_interval": "10s"}"#
                _ = try await desk.send("putAccount", body, ["id": .text(account)])
            }
        }

        private func live(_ history: History, on desks: [Desk], _ clock: ManualClock) async throws {
            var history = history
            for step in 0..<60 {
                clock.advance(by: .milliseconds(4_321))
                let (name, body) = history.next(now: clock.now)
                let answers = [
                    try await desks[0].send(name, body), try await desks[1].send(name, body),
                ]
                #expect(answers[0] == answers[1], "step \(step): \(name)")
                guard step.isMultiple(of: 7) else { continue }
                for desk in desks { try await desk.runDue() }
            }
        }

        private func compareQueries(of desks: [Desk]) async throws {
            var classes: Set<String> = []
            let identified = try await identifiers(desks[0])
            for (mine, theirs) in zip(desks[0].queries, desks[1].queries) {
                let parameter = mine.path.split(separator: "{").last?.split(separator: "}").first.map(String.init) ?? ""
                for id in mine.path.contains("{") ? identified[parameter] ?? [] : [""] {
                    let values: [String: Value] = id.isEmpty ? [:] : [parameter: .text(id)]
                    let choices = Dictionary(uniqueKeysWithValues: mine.parameters.compactMap(allChoices))
                    let expected = try await mine.answerText(desks[0], values, choices)
                    let found = try await theirs.answerText(desks[1], values, choices)
                    #expect(found == expected, "\(mine.path) \(id)")
                    #expect(expected.hasPrefix("{"), "\(mine.path) \(id) answers nothing: \(expected)")
                    if mine.name == "breaks" { classes.formUnion(breakClasses(in: expected)) }
                }
            }
            #expect(classes.count >= 3, "the history has hardly any breaks: \(classes)")
        }

        /// IDs for the parameters of paths, from what the lists answer.
        private func identifiers(_ desk: Desk) async throws -> [String: [String]] {
            func column(_ table: String, _ name: String) async throws -> [String] {
                try await desk.storage.rows(SQL(stringLiteral: "SELECT \(name) FROM \(table) ORDER BY \(name)"))
                    .compactMap { $0.text(0) }
            }
            return [
                "id": ["acc", "net"], "break_id": try await column("breaks", "break_id"),
                "run_id": try await column("runs", "run_id"),
                "position_id": try await column("positions", "position_id"),
            ]
        }

        private func allChoices(_ parameter: Parameter) -> (String, [String])? {
            if case .choices(let all) = parameter.kind { (parameter.name, all) } else { nil }
        }

        private func breakClasses(in body: String) -> Set<String> {
            guard let breaks = try? JSONValue(parsing: Array(body.utf8))["breaks"], case .array(let all) = breaks else {
                return []
            }
            return Set(all.compactMap { if case .string(let name)? = $0["class"] { name } else { nil } })
        }
    }
}

extension PluginAPI.Operation {
    fileprivate func answerText(
        _ desk: Desk, _ values: [String: Value], _ choices: [String: [String]]
    ) async throws -> String {
        try await desk.answer(to: self, values: values, choices: choices)
    }
}
