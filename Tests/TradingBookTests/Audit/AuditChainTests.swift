import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

@Suite("The audit log's chain")
struct AuditChainTests {
    @Test("Rows are sealed in their order, each seal behind the one before, and all of it verifies")
    func intact() async throws {
        try await BookFixture.run { book in
            try await book.act(3)
            try await book.seal(rowsPerSeal: 2)
            try await book.act(1, from: 3)
            let waiting = try await book.verify()
            try await book.seal(rowsPerSeal: 2)

            let seals = try await book.rows("SELECT seal, rows_total, previous, digest FROM audit_seals ORDER BY seal")
            #expect(seals.map { $0.integer(1) } == [2, 2, 1])
            #expect(seals.map { $0.text(2) } == ["", seals[0].text(3), seals[1].text(3)])
            #expect(try await book.rows("SELECT 1 FROM audit_logs WHERE seal IS NULL").isEmpty)
            #expect(waiting.findings.isEmpty && waiting.unsealed == 1 && waiting.rows == 5)
            let verified = try await book.verify()
            #expect(verified.findings == [] && verified.unsealed == 0 && verified.seals == 3 && verified.removed == 0)
        }
    }

    @Test("Under one seal no two rows lie an hour apart")
    func span() async throws {
        try await BookFixture.run { book in
            book.clock.advance(by: .seconds(3_600) - .microseconds(1))
            try await book.act(1)
            book.clock.advance(by: .microseconds(1))
            try await book.act(1, from: 1)
            try await book.seal()

            #expect(
                try await book.rows("SELECT rows_total FROM audit_seals ORDER BY seal").map { $0.integer(0) } == [2, 1])
        }
    }

    @Test("Nobody seals while another host does, or twice within the interval")
    func turns() async throws {
        try await BookFixture.run { book in
            let other = try book.otherHost()
            try await book.runDue()
            try await book.act(1)
            try await other.book.runDue(at: book.clock.now, deadline: .now + .seconds(60))
            #expect(try await book.count("audit_seals") == 1)

            book.clock.advance(by: .seconds(60))
            try await other.book.runDue(at: book.clock.now, deadline: .now + .seconds(60))
            #expect(try await book.count("audit_seals") == 2)
            #expect(try await book.verify().findings == [])
        }
    }

    @Test("Whatever is changed behind its back is found, and where", arguments: Tampering.all)
    fileprivate func tampered(_ tampering: Tampering) async throws {
        try await BookFixture.run { book in
            try await book.act(5)
            try await book.seal(rowsPerSeal: 2)
            try await book.act(1, from: 5)
            #expect(try await book.verify().findings == [])

            try await book.storage.transaction { transaction in
                for statement in tampering.statements { try transaction.execute(statement) }
            }

            let findings = try await book.verify().findings.map { finding in
                "\(finding.seal.map { "\($0) " } ?? "")\(finding.entry == nil ? "" : "row ")\(finding.detail)"
            }
            #expect(findings == tampering.findings)
        }
    }

    @Test("The retention removes whole seals, oldest first, and what is left verifies")
    func retention() async throws {
        let day = Duration.seconds(86_400)
        let settings = ModuleConfiguration([
            "retention": .mapping([
                "snapshots": .text("keep"), "runs": .text("keep"), "logs": .text("keep"), "audit": .duration(day),
            ])
        ])
        try await BookFixture.run(configuration: settings) { book in
            try await book.act(3)
            book.clock.advance(by: .seconds(1_800))
            try await book.act(1, from: 3)
            try await book.seal()
            book.clock.advance(by: .seconds(7_200))
            try await book.act(1, from: 4)
            try await book.seal()
            #expect(try await book.count("audit_seals") == 2)

            // Old enough for four of the first seal's five rows.
            book.clock.advance(by: day - .seconds(7_200))
            try await book.runDue()
            #expect(try await book.count("audit_logs") == 6)
            book.clock.advance(by: .seconds(3_600))
            try await book.runDue()

            #expect(try await book.count("audit_logs") == 1)
            let verified = try await book.verify()
            #expect(verified.findings == [] && verified.seals == 2 && verified.removed == 1 && verified.rows == 1)
        }
    }

    @Test("The list is newest first, in pages, and by who did what to what")
    func list() async throws {
        try await BookFixture.run { book in
            for number in 0..<3 {
                book.clock.advance(by: .seconds(1))
                try await book.act(1, from: number)
            }

            let newest = try await book.list(["limit": .integer(2)])
            let behind = try await book.list(["limit": .integer(2)], after: newest)
            #expect(newest.map { $0["object"] } == [.string("account:x2"), .string("account:x1")])
            #expect(behind.map { $0["object"] } == [.string("account:x0"), .string("account:acc-1")])
            #expect(try await book.list(["object": .text("account:x1")]).map { $0["actor"] } == [.string("op")])
            #expect(try await book.list(["actor": .text("nobody")]).isEmpty)
            #expect(try await book.list(["action": .text("account.put"), "request_id": .text("r-1")]).count == 4)
            #expect(try await book.list(["from": .timestamp(book.clock.now)]).count == 1)
            #expect(try await book.list(["to": .timestamp(book.clock.now)]).count == 3)
            #expect(newest.first?["after"]?["account_id"] == .string("x2") && newest.first?["before"] == .null)
        }
    }
}

/// One change to the stored log, and what must be said of it.
private struct Tampering: CustomTestStringConvertible {
    var testDescription: String
    var statements: [SQL]
    var findings: [String]

    /// Rows 1 and 2 are under seal 1, 3 and 4 under seal 2, 5 and 6 under seal 3, and one waits.
    static let all: [Tampering] = [
        Tampering(
            testDescription: "a row's content",
            statements: [
                "UPDATE audit_logs SET actor = 'somebody' WHERE audit_id = (SELECT min(audit_id) FROM audit_logs WHERE seal = 1)"
            ],
            findings: ["1 row does not fit its digest"]),
        Tampering(
            testDescription: "a row that waits",
            statements: ["UPDATE audit_logs SET after = '{}' WHERE object = 'account:x5'"],
            findings: ["row does not fit its digest"]),
        Tampering(
            testDescription: "a row's digest",
            statements: ["UPDATE audit_logs SET digest = 'sha_0' WHERE seal = 2"],
            findings: ["2 row does not fit its digest", "2 row does not fit its digest", "2 does not fit its rows"]),
        Tampering(
            testDescription: "a row that is removed",
            statements: [
                "DELETE FROM audit_logs WHERE audit_id = (SELECT min(audit_id) FROM audit_logs WHERE seal = 3)"
            ],
            findings: ["3 has 1 rows and was made of 2"]),
        Tampering(
            testDescription: "a seal's rows in the middle", statements: ["DELETE FROM audit_logs WHERE seal = 2"],
            findings: ["2 has 0 rows and was made of 2"]),
        Tampering(
            testDescription: "a row that is taken out of its seal",
            statements: [
                "UPDATE audit_logs SET seal = NULL WHERE audit_id = (SELECT min(audit_id) FROM audit_logs WHERE seal = 1)"
            ],
            findings: ["1 has 1 rows and was made of 2"]),
        Tampering(
            testDescription: "a seal", statements: ["UPDATE audit_seals SET digest = 'x' WHERE seal = 2"],
            findings: ["2 does not fit its rows", "3 does not name the digest of the seal before"]),
        Tampering(
            testDescription: "when a seal was made",
            statements: ["UPDATE audit_seals SET sealed_at = sealed_at - 1 WHERE seal = 3"],
            findings: ["3 does not fit its rows"]),
        Tampering(
            testDescription: "a seal and its rows that are removed",
            statements: ["DELETE FROM audit_logs WHERE seal = 2", "DELETE FROM audit_seals WHERE seal = 2"],
            findings: ["3 does not follow seal 1", "3 does not name the digest of the seal before"]),
        Tampering(
            testDescription: "the newest seal that is removed",
            statements: ["DELETE FROM audit_seals WHERE seal = 3"],
            findings: ["3 row names a seal that is not there", "3 row names a seal that is not there"]),
    ]
}

extension BookFixture {
    /// Puts accounts `x0`, `x1`, …, each of which is a row of the log.
    fileprivate func act(_ count: Int, from first: Int = 0) async throws {
        for number in first..<first + count {
            try await put("x\(number)", account(user: "user-1"))
        }
    }

    fileprivate func runDue() async throws {
        try await book.runDue(at: clock.now, deadline: .now + .seconds(60))
    }

    fileprivate func seal(rowsPerSeal: Int = 500) async throws {
        let job = Job(
            name: "sealing-\(clock.now)-\(rowsPerSeal)-\(try await count("audit_seals"))", every: .seconds(1),
            lease: .seconds(60), holder: "test")
        let sealing = AuditSealing(storage: storage, job: job, rowsPerSeal: rowsPerSeal)
        try await sealing.run(at: clock.now, deadline: .now + .seconds(60))
    }

    fileprivate func verify() async throws -> AuditVerification {
        try await AuditVerification.run(on: storage, deadline: nil)
    }

    fileprivate func list(_ parameters: [String: Value], after page: [JSONValue] = []) async throws -> [JSONValue] {
        var all = parameters
        all["limit"] = all["limit"] ?? .integer(50)
        var cursor: [Value]?
        if case .string(let at)? = page.last?["at"], case .string(let id)? = page.last?["id"] {
            cursor = [.timestamp(Timestamp(parsing: at)), .text(id)]
        }
        let request = Request(
            caller: BookFixture.operator, parameters: all, cursor: cursor, requestID: "r-9", now: clock.now,
            cursors: NoCursors())
        let reply = try await AuditList.reply(to: request, from: storage)
        guard case .array(let entries)? = try JSONValue(parsing: reply.body)["entries"] else { return [] }
        return entries
    }
}
