import PluginAPI
import PluginTesting
import Testing

@testable import Reconciliation

@Suite("What time alone does to breaks")
struct DueBreaksTests {
    @Test("A grace that is over opens the break: an event, a line in the log, counts, and an announcement")
    func grace() async throws {
        try await Desk.with(grace: .duration(.seconds(60)), interval: "manual") { desk in
            try await desk.expect(volume: "0.2")
            let run = try await desk.see()
            let before = try await desk.ask("status")
            desk.clock.advance(by: .seconds(60) - .microseconds(1))
            _ = desk.announced.take()
            try await desk.schedule()
            #expect(desk.announced.take().isEmpty)
            desk.clock.advance(by: .microseconds(1))
            try await desk.schedule()
            try await desk.schedule()

            #expect(run["verdict"]?.text == "reconciled_with_pending")
            #expect(before["status"]?.text == "healthy")
            #expect(try await desk.ask("status")["status"]?.text == "warning")
            #expect(try await desk.history() == ["null seen pending", "pending opened open"])
            #expect(try await desk.events().last?["run_id"] == .null)
            #expect(
                try await desk.notices() == ["EURUSD ticket 1: partial_fill, volume 0.2 in the book, 0.1 at the broker"]
            )
            #expect(try await desk.counters().kept == [0, 1, 0])
            #expect(desk.counts["reconciliation_divergences_total partial_fill"] == 1)
            #expect(desk.announced.take() == [.account("acc"), .user("ann")])
            let next = try await desk.see()
            #expect(next["breaks"]?["still_open"]?.text == "1")
        }
    }

    @Test("An acknowledgement that has expired reopens the break, and a snooze that has ended is told of")
    func expiry() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            let (first, second) = (desk.clock.now + .seconds(60), desk.clock.now + .seconds(120))
            try await desk.act("acknowledge", #"{"until": "\#(first)"}"#)
            try await desk.act("snooze", #"{"until": "\#(second)"}"#)

            desk.clock.set(first)
            try await desk.schedule()
            let muted = try await desk.notices()
            desk.clock.set(second)
            try await desk.schedule()

            #expect(muted.count == 1)
            #expect(try await desk.notices().count == 2)
            #expect(
                try await desk.history().suffix(2) == ["acknowledged reopened open", "open unsnoozed open"])
            #expect(try await desk.events()[3]["note"]?.text == "the acknowledgement has expired")
            #expect(try await desk.counters().kept == [0, 1, 0])
            let one = try await desk.ask("break", ["break_id": .text(Desk.breakID())])
            #expect(one["snoozed_until"] == .null)
            #expect(one["acknowledged_until"] == .null)
        }
    }

    @Test("Two hosts on one storage do it once, in batches smaller than the work")
    func twoHosts() async throws {
        try await Desk.with(grace: .duration(.seconds(60))) { desk in
            let accounts = (1...7).map { "acc-\($0)" }
            for account in accounts {
                try await desk.openAccount(account, interval: "manual")
                try await desk.expect(volume: "0.2", in: account)
                try await desk.see(account)
            }
            desk.clock.advance(by: .seconds(60))
            let hosts = try [desk.otherHost(batchSize: 2), desk.otherHost(batchSize: 3)]

            try await withThrowingTaskGroup { group in
                for host in hosts { group.addTask { try await desk.schedule(host) } }
                try await group.waitForAll()
            }

            for account in accounts {
                #expect(try await desk.history(account) == ["null seen pending", "pending opened open"])
                #expect(try await desk.notices(account).count == 1)
                #expect(try await desk.counters(account).kept == [0, 1, 0])
            }
            #expect(desk.counts["reconciliation_divergences_total partial_fill"] == accounts.count)
        }
    }

    @Test("An account that fails keeps nobody else from theirs, and is reported")
    func failing() async throws {
        try await Desk.with(grace: .duration(.seconds(60))) { desk in
            for account in ["a", "b"] {
                try await desk.openAccount(account, interval: "manual")
                try await desk.expect(volume: "0.2", in: account)
                try await desk.see(account)
            }
            try await desk.storage.transaction {
                try $0.execute("UPDATE breaks SET class = 'nonsense' WHERE account_id = 'a'")
            }
            desk.clock.advance(by: .seconds(60))

            await #expect(throws: StorageError.self) { try await desk.schedule() }

            #expect(try await desk.history("b").last == "pending opened open")
            #expect(try await desk.history("a").count == 1)
        }
    }

    @Test("Finding nothing due is one look into an index that holds nothing else")
    func cheap() async throws {
        try await Desk.with { desk in
            for last in [nil, DueBreaks.Place(wakeAt: desk.clock.now, account: "acc")] {
                let statement = DueBreaks.places(after: last, at: desk.clock.now, limit: 500)
                let plan = try await desk.storage.rows("EXPLAIN QUERY PLAN " + statement).map {
                    $0.text("detail") ?? ""
                }
                #expect(plan.count == 1)
                #expect(plan.first?.hasPrefix("SEARCH breaks USING COVERING INDEX breaks_due (") == true)
            }
            try await desk.expect(volume: "0.2")
            try await desk.see()
            try await desk.act("resolve", #"{"resolution": "accepted", "note": "n"}"#)
            let waiting = try await desk.storage.rows("SELECT count(*) FROM breaks WHERE wake_at IS NOT NULL")
            #expect(waiting.first?.integer(0) == 0)
        }
    }

    @Test("Live breaks are counted along an index that holds nothing else: nothing is sorted")
    func cheapCounts() async throws {
        try await Desk.with { desk in
            let plan = try await desk.storage.rows("EXPLAIN QUERY PLAN " + BreakGauges.numbers)
                .map { $0.text("detail") ?? "" }

            #expect(plan.contains("SCAN breaks USING COVERING INDEX breaks_by_class"))
            #expect(!plan.contains { $0.contains("TEMP B-TREE") })
        }
    }
}
