import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

@Suite("Storing a snapshot")
struct SnapshotIngestTests {
    @Test("A first snapshot opens its positions and answers the run")
    func first() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            let reply = try await book.call("snapshots", snapshotBody())

            let answer = try JSONValue(parsing: reply.body)
            #expect(answer["run_id"] == .string("run-1-0"))
            #expect(answer["verdict"] == .string("reconciled"))
            #expect(answer["matched"] == .number("2"))
            #expect(answer["guards"]?["state"] == .string("ok"))
            #expect(answer["duplicate"] == .boolean(false))
            #expect(reply.invalidates == [.account("acc-1"), .user("user-1")])
            #expect(try await book.openTickets() == [1, 2])
            let change = try #require(stage.changes.first)
            #expect(change.instruments["XAUUSD"]?.digits == 2)
            #expect(change.snapshot.positions.first?.profit == "52.5")
        }
    }

    @Test("A position that the broker lists twice is stored and counted once, and reaches the stages twice")
    func repeated() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            _ = try await book.call("snapshots", snapshotBody(tickets: [2, 1, 2]))

            let change = try #require(stage.changes.first)
            #expect(change.snapshot.positions.map(\.ticket) == [1, 2, 2])
            #expect(try await book.openTickets() == [1, 2])
            #expect(try await book.rows("SELECT positions_count FROM snapshots").first?.integer(0) == 2)

            let again = try await book.call("snapshots", snapshotBody(tickets: [2, 2, 1]))
            let healed = try await book.call("snapshots", snapshotBody(tickets: [1, 2]))
            #expect(try JSONValue(parsing: again.body)["duplicate"] == .boolean(true))
            #expect(try JSONValue(parsing: healed.body)["duplicate"] == .boolean(false))
        }
    }

    @Test("A position without profit gets the price difference times volume and multiplier")
    func computedProfit() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(tickets: [1]))

            let row = try #require(try await book.rows("SELECT profit, unrealized_pnl, digits FROM positions").first)
            #expect(row.decimal(0) == "52.5")
            #expect(row.decimal(1) == "52.5")
            #expect(row.integer(2) == 2)
        }
    }

    @Test(
        "A position whose profit nobody can know is refused",
        arguments: [
            ("EURGBP", "ticket 1 needs a profit: EURGBP is quoted in GBP, not in USD"),
            ("US500", "ticket 1 needs a profit: instrument US500 is not described"),
        ])
    func unknowableProfit(symbol: String, detail: String) async throws {
        try await BookFixture.run { book in
            let before = try await book.counts()

            let problem = try await book.refusal(
                "snapshots", snapshotBody(tickets: [1]).replacing("XAUUSD", with: symbol))

            #expect(problem.status == 422)
            #expect(problem.errors == [Problem.Item(.pointer("/positions"), detail)])
            #expect(try await book.counts() == before)
        }
    }

    @Test("A profit or loss beyond storage's range is refused, not stored and not a fault")
    func hugeProfit() async throws {
        try await BookFixture.run { book in
            let body = snapshotBody(tickets: [1])
            let computed = body.replacing("0.10", with: "40000000000").replacing("1955.75", with: "91000000000")
            let summed = body.replacing(
                "\"current_price\"", with: "\"profit\": 91000000000, \"swap\": 91000000000, \"current_price\"")

            for body in [computed, summed] {
                let problem = try await book.refusal("snapshots", body)
                #expect(
                    problem.errors == [
                        Problem.Item(.pointer("/positions"), "ticket 1 has a profit or loss out of range")
                    ])
            }
        }
    }

    @Test("The same snapshot again is the stored run, whatever the order of its rows")
    func duplicate() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            let first = try await book.text("snapshots", snapshotBody(tickets: [1, 2]))
            let before = try await book.counts()

            let second = try await book.text("snapshots", snapshotBody(tickets: [2, 1]))

            #expect(second == first.replacing(#""duplicate":false"#, with: #""duplicate":true"#))
            #expect(stage.changes.count == 1)
            #expect(try await book.counts() == before)
        }
    }

    @Test("Sixteen at once are one run")
    func concurrent() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<16 { group.addTask { try await book.text("snapshots", snapshotBody()) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(answers.filter { $0.contains(#""duplicate":false"#) }.count == 1)
            #expect(stage.changes.count == 1)
            #expect(try await book.count("snapshots") == 1)
        }
    }

    @Test("A complete snapshot closes what it no longer lists, and one that lists it again opens it under its old ID")
    func closeAndReopen() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:00Z", tickets: [1, 2]))
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:10Z", tickets: [2]))

            let closed = try #require(
                try await book.rows(
                    "SELECT status, closed_at, close_price, realized_pnl, close_reason FROM positions WHERE ticket = 1"
                ).first)
            #expect(closed.text(0) == "closed")
            #expect(closed.timestamp(1) == Timestamp(parsing: "2026-01-05T10:00:10Z"))
            #expect(closed.decimal(2) == nil)
            #expect(closed.decimal(3) == nil)
            #expect(closed.text(4) == "unknown")
            #expect(stage.changes.last?.closedTickets == [1])

            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:20Z", tickets: [1, 2]))
            let reopened = try #require(
                try await book.rows("SELECT position_id, closed_at, close_reason FROM positions WHERE ticket = 1").first
            )
            #expect(reopened.text(0) == DerivedID.position(account: "acc-1", ticket: 1))
            #expect(reopened.timestamp(1) == nil)
            #expect(reopened.text(2) == nil)
            #expect(try await book.openTickets() == [1, 2])
        }
    }

    @Test("A partial snapshot updates what it lists, closes nothing and leaves the account's figures")
    func partial() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(tickets: [1, 2]))

            _ = try await book.call(
                "snapshots",
                snapshotBody(at: "2026-01-05T10:00:10Z", completeness: "partial", tickets: [2, 3], equity: "1")
                    .replacing("1955.75", with: "1960.00"))

            #expect(try await book.openTickets() == [1, 2, 3])
            let prices = try await book.rows("SELECT current_price FROM positions ORDER BY ticket")
            #expect(prices.map { $0.decimal(0) } == ["1955.75", "1960", "1960"])
            let account = try #require(try await book.rows("SELECT current_equity, current_as_of FROM accounts").first)
            #expect(account.decimal(0) == "10052.5")
            #expect(account.timestamp(1) == Timestamp(parsing: "2026-01-05T10:00:10Z"))
        }
    }

    @Test("A failed snapshot changes nothing but what is known of the source")
    func failed() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(tickets: [1, 2]))

            _ = try await book.call(
                "snapshots",
                #"{"account_id":"acc-1","as_of":"2026-01-05T10:00:10Z","completeness":"failed","error":"time-out"}"#)

            #expect(try await book.openTickets() == [1, 2])
            let row = try #require(
                try await book.rows(
                    "SELECT newest_completeness, newest_error, current_as_of, snapshots_total FROM accounts"
                ).first)
            #expect(row.text(0) == "failed")
            #expect(row.text(1) == "time-out")
            #expect(row.timestamp(2) == Timestamp(parsing: "2026-01-05T10:00:00Z"))
            #expect(row.integer(3) == 2)
        }
    }

    @Test("A late snapshot is stored and counted, and moves nothing back")
    func late() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            _ = try await book.call("snapshots", snapshotBody(tickets: [1, 2]))
            let flow = #", "flows": [{"flow_id": "f", "time": "2026-01-05T08:00:00Z", "amount": 1, "kind": "deposit"}]"#

            let answer = try await book.text(
                "snapshots", snapshotBody(at: "2026-01-05T09:59:59Z", tickets: [3], equity: "1", more: flow))

            #expect(answer.contains(#""verdict":"superseded""#))
            #expect(stage.changes.last?.isSuperseded == true)
            #expect(try await book.openTickets() == [1, 2])
            #expect(try await book.count("flows") == 0)
            let row = try #require(
                try await book.rows("SELECT current_equity, snapshots_total, newest_as_of FROM accounts").first)
            #expect(row.decimal(0) == "10052.5")
            #expect(row.integer(1) == 2)
            #expect(row.timestamp(2) == Timestamp(parsing: "2026-01-05T10:00:00Z"))
        }
    }

    @Test("Of two snapshots of one time the later arrival is current")
    func equalTime() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(tickets: [1, 2]))
            _ = try await book.call("snapshots", snapshotBody(tickets: [3]))

            #expect(try await book.openTickets() == [3])
        }
    }

    @Test("A snapshot may be sixty seconds ahead of the host's clock, not more", arguments: [(60, true), (61, false)])
    func future(seconds: Int, isTaken: Bool) async throws {
        try await BookFixture.run { book in
            let asOf = (book.clock.now + .seconds(seconds)).description
            let body = snapshotBody(at: asOf)

            if isTaken {
                _ = try await book.call("snapshots", body)
            } else {
                let problem = try await book.refusal("snapshots", body)
                #expect(problem.status == 409)
                #expect(problem.errors.first?.place == .pointer("/as_of"))
            }
        }
    }

    @Test("An unknown account, and one that the token does not cover, are 404 alike")
    func unknownAccount() async throws {
        try await BookFixture.run { book in
            let stranger = Caller(subject: "agent-2", role: .agent, grant: .accounts(["acc-2"]))

            let unknown = try await book.refusal("snapshots", snapshotBody().replacing("acc-1", with: "acc-9"))
            let foreign = try await book.refusal("snapshots", snapshotBody(), by: stranger)

            #expect(unknown.status == 404)
            #expect(foreign.status == 404)
            #expect(unknown.errors.map(\.place) == foreign.errors.map(\.place))
            #expect(unknown.detail.replacing("acc-9", with: "acc-1") == foreign.detail)
        }
    }

    @Test("A stage that fails rolls everything back")
    func rollback() async throws {
        try await BookFixture.run(stages: [FailingStage()]) { book in
            let before = try await book.counts()

            await #expect(throws: FailingStage.Failure.self) {
                _ = try await book.call("snapshots", snapshotBody(), key: "k-1")
            }

            #expect(try await book.counts() == before)
        }
    }

    @Test("What stages do outside the storage happens once, when the transaction is stored")
    func afterCommit() async throws {
        let counting = CommitCountingStage()
        try await BookFixture.run(stages: [counting]) { book in
            _ = try await book.call("snapshots", snapshotBody(), key: "k-1")
            let afterFirst = counting.committed
            _ = try await book.call("snapshots", snapshotBody(), key: "k-1")
            _ = try await book.call("snapshots", snapshotBody())

            #expect(afterFirst == 1)
            #expect(counting.committed == 1)
        }
        let failing = CommitCountingStage()
        try await BookFixture.run(stages: [failing, FailingStage()]) { book in
            await #expect(throws: FailingStage.Failure.self) { _ = try await book.call("snapshots", snapshotBody()) }

            #expect(failing.committed == 0)
        }
    }

    @Test("A flow is recorded once; with other content under its ID it is a conflict and nothing is stored")
    func flows() async throws {
        try await BookFixture.run { book in
            func flows(_ amount: String) -> String {
                #", "flows": [{"flow_id": "f", "time": "2026-01-05T08:00:00Z", "amount": \#(amount), "kind": "deposit"}]"#
            }
            _ = try await book.call("snapshots", snapshotBody(more: flows("100")))
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:10Z", more: flows("\"100.00\"")))
            let before = try await book.counts()

            let problem = try await book.refusal(
                "snapshots", snapshotBody(at: "2026-01-05T10:00:20Z", more: flows("101")))

            #expect(problem.status == 409)
            #expect(try await book.counts() == before)
            #expect(try await book.count("flows") == 1)
        }
    }

    @Test("The newest quote wins, whatever arrives last")
    func quotes() async throws {
        try await BookFixture.run { book in
            func quote(_ time: String, _ bid: String) -> String {
                #", "quotes": [{"symbol": "xauusd.m", "bid": \#(bid), "ask": 2000, "time": "\#(time)"}]"#
            }
            _ = try await book.call("snapshots", snapshotBody(more: quote("2026-01-05T10:00:00Z", "1955.7")))
            _ = try await book.call(
                "snapshots", snapshotBody(at: "2026-01-05T10:00:10Z", more: quote("2026-01-05T09:00:00Z", "1")))

            let row = try #require(try await book.rows("SELECT symbol, broker_symbol, bid, digits FROM quotes").first)
            #expect(row.text(0) == "XAUUSD")
            #expect(row.text(1) == "xauusd.m")
            #expect(row.decimal(2) == "1955.7")
            #expect(row.integer(3) == 2)
        }
    }

    @Test("An undescribed instrument keeps the most digits seen")
    func observedDigits() async throws {
        try await BookFixture.run { book in
            let body = snapshotBody(tickets: [1]).replacing("XAUUSD", with: "US500")
                .replacing("\"current_price\"", with: "\"profit\": 1, \"current_price\"")
            _ = try await book.call("snapshots", body.replacing("1950.50", with: "1950.505"))
            _ = try await book.call(
                "snapshots", body.replacing("10:00:00Z", with: "10:00:10Z").replacing("1950.50", with: "1950.5"))

            #expect(try await book.rows("SELECT digits FROM positions").first?.integer(0) == 3)
        }
    }

    @Test("A failed snapshot newer than a complete one stays the newest")
    func failedStaysNewest() async throws {
        try await BookFixture.run { book in
            _ = try await book.call(
                "snapshots",
                #"{"account_id":"acc-1","as_of":"2026-01-05T10:00:30Z","completeness":"failed","error":"time-out"}"#)
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:10Z"))

            let row = try #require(try await book.rows("SELECT newest_completeness, current_as_of FROM accounts").first)
            #expect(row.text(0) == "failed")
            #expect(row.timestamp(1) == Timestamp(parsing: "2026-01-05T10:00:10Z"))
        }
    }

    @Test("A rerun runs the stages on the current snapshot again and moves nothing else")
    func rerun() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            _ = try await book.call("snapshots", snapshotBody(tickets: [1, 2]))
            let before = try await book.counts()
            let request = Request(
                caller: BookFixture.agent, requestID: "r-2", now: book.clock.now, cursors: NoCursors())

            let reply = try await book.book.rerun(account: "acc-1", request: request)

            #expect(String(decoding: reply.body, as: UTF8.self).contains(#""run_id":"run-1-1""#))
            #expect(reply.invalidates == [.account("acc-1"), .user("user-1")])
            let changes = stage.changes
            #expect(changes.last?.rerun == 1)
            #expect(changes.last?.snapshotID == changes.first?.snapshotID)
            #expect(changes.last?.snapshot == changes.first?.snapshot)
            #expect(try await book.counts() == before)
            #expect(try await book.text("snapshots", snapshotBody(tickets: [1, 2])).contains("run-1-0"))
        }
    }

    @Test("A rerun before the first snapshot is a conflict, of an unknown account 404")
    func rerunOfNothing() async throws {
        try await BookFixture.run { book in
            let request = Request(
                caller: BookFixture.agent, requestID: "r-2", now: book.clock.now, cursors: NoCursors())

            let early = await #expect(throws: Problem.self) {
                try await book.book.rerun(account: "acc-1", request: request)
            }
            let unknown = await #expect(throws: Problem.self) {
                try await book.book.rerun(account: "acc-9", request: request)
            }

            #expect(early?.status == 409)
            #expect(unknown?.status == 404)
        }
    }
}
