import Glibc
import PluginAPI
import PluginTesting
import Synchronization
import Testing
import TradingBook

@testable import Host

extension AllTests {
    @Suite("Events reach those who observe them, on both storages")
    struct EventDeliveryTests {
        @Test(
            "Two hosts deliver what many writers cause: everything, in order, an account by one host at a time",
            arguments: SQLDialect.allCases)
        func twoDispatchers(_ dialect: SQLDialect) async throws {
            let accounts = (1...6).map { "acc-\($0)" }
            let snapshots = 12
            try await EventDesk.with(dialect, accounts: accounts) { desk in
                let failures = Mutex(SplitMix(seed: 7))
                let receiver = Receiver { _ in
                    await Task.yield()
                    let draws = failures.withLock { Int.random(in: 0..<20, using: &$0) }
                    if draws == 0 { throw EventNotTaken.tryAgain(after: nil, reason: "not now") }
                }
                let hosts = [
                    try desk.host(attemptsMax: 100, pause: .zero, receiver),
                    try desk.host(attemptsMax: 100, pause: .zero, receiver),
                ]
                let dispatchers = hosts.map { host in Task { await host.dispatcher.run() } }
                defer { dispatchers.forEach { $0.cancel() } }

                try await withThrowingTaskGroup { group in
                    for (index, account) in accounts.enumerated() {
                        group.addTask {
                            for equity in 1...snapshots {
                                try await hosts[index % 2].see(account, equity: 1_000 + equity)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await eventually { try await desk.count("event_outbox") == 0 }
                dispatchers.forEach { $0.cancel() }
                for dispatcher in dispatchers { await dispatcher.value }

                #expect(receiver.overlaps == [])
                for account in accounts {
                    let taken = receiver.taken.filter { $0.account == account }
                    #expect(
                        Set(taken.map(\.id)).count == taken.count, "\(account): nothing was lost, so nothing repeats")
                    #expect(taken.map(\.number) == taken.map(\.number).sorted(), "\(account)")
                    #expect(taken.filter { $0.kind == .snapshotStored }.count == snapshots, "\(account)")
                    #expect(taken.filter { $0.kind == .runFinished }.count == snapshots, "\(account)")
                }
            }
        }

        @Test(
            "What was under way when a host died comes again when its lease has ended, and not before",
            arguments: SQLDialect.allCases)
        func restart(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect, accounts: ["acc", "other"]) { desk in
                let dying = try desk.host()
                try await dying.see(equity: 1_000)
                let claimed = try await dying.claim(lease: .seconds(30))
                #expect(claimed.map(\.account) == ["acc"])
                let next = try desk.host()
                try await next.see("other", equity: 1_000)

                // All of them: one that is cut off would be due again.
                try await next.deliver {
                    try await desk.column("SELECT event_id FROM event_outbox WHERE account_id = 'other'").isEmpty
                }
                desk.clock.advance(by: .seconds(29))
                #expect(try await next.claim().isEmpty)
                #expect(next.receiver.taken.allSatisfy { $0.account == "other" })

                desk.clock.advance(by: .seconds(1))
                try await next.deliver { try await desk.count("event_outbox") == 0 }
                let again = next.receiver.taken.filter { $0.account == "acc" }
                #expect(again == claimed[0].events)
            }
        }

        @Test("An observer that hangs is left alone until it comes back, and what waited is delivered then")
        func hanging() async throws {
            let accounts = (1...40).map { "acc-\($0)" }
            try await EventDesk.with(.sqlite, accounts: accounts) { desk in
                let isOpen = Flag()
                let receiver = Receiver { _ in
                    // Ignores that it is cancelled.
                    while !isOpen.isUp { await Task { try? await Task.sleep(for: .milliseconds(5)) }.value }
                }
                let host = try desk.host(
                    observing: [.snapshotStored], attemptsMax: 1_000, pause: .zero, timeout: .milliseconds(50), receiver
                )
                for account in accounts { try await host.see(account, equity: 1_000) }
                let delivering = Task { await host.dispatcher.run() }
                defer { delivering.cancel() }
                try await eventually { try await desk.column("SELECT last_error FROM event_outbox").count > 0 }
                // Time enough for many a further look.
                try await Task.sleep(for: .milliseconds(300))
                let tried = receiver.tried.count
                isOpen.raise()
                try await eventually { try await desk.count("event_outbox") == 0 }
                delivering.cancel()
                await delivering.value

                #expect(tried <= EventDispatcher.Limits().accountsMax)
                #expect(Set(receiver.taken.map(\.account)) == Set(accounts))
            }
        }

        @Test("What a slow transaction stores is not passed over, though later numbers were delivered before it ended")
        func slowTransaction() async throws {
            // On SQLite no other transaction can write meanwhile.
            try await EventDesk.with(.postgres, accounts: ["slow", "quick"]) { desk in
                let host = try desk.host()
                let (isWritten, mayEnd) = (Flag(), Flag())
                let slow = Task { [outbox = host.outbox, now = desk.clock.now] in
                    try await desk.storage.transaction { transaction in
                        _ = try AccountLock.require("slow", in: transaction)
                        var drafts = outbox.drafts
                        drafts.add(.runFinished, of: "slow", ["1"], at: now) { $0.field("run_id", "1") }
                        try outbox.append(drafts, in: transaction)
                        isWritten.raise()
                        while !mayEnd.isUp { usleep(1_000) }
                    }
                }
                try await eventually { isWritten.isUp }

                try await host.see("quick", equity: 1_000)
                try await host.deliver { host.receiver.taken.count == 3 }
                mayEnd.raise()
                try await slow.value
                try await host.deliver { host.receiver.taken.count == 4 }

                let numbers = host.receiver.taken.map(\.number)
                #expect(numbers.last == numbers.min())
                #expect(host.receiver.taken.map(\.account).last == "slow")
            }
        }

        @Test("An event that is stored while the one before it is being settled is not left behind")
        func storedWhileSettling() async throws {
            // On SQLite no other transaction can write meanwhile.
            try await EventDesk.with(.postgres) { desk in
                let host = try desk.host(observing: [.snapshotStored])
                try await host.see(equity: 1_000)
                let claim = try #require(try await host.claim().first)
                let (isSettled, mayEnd) = (Flag(), Flag())
                let settling = Task { [outbox = host.outbox, now = desk.clock.now] in
                    try await desk.storage.transaction { transaction in
                        try outbox.settle(claim, .init(taken: 1), module: "test", at: now, in: transaction)
                        isSettled.raise()
                        while !mayEnd.isUp { usleep(1_000) }
                    }
                }
                try await eventually { isSettled.isUp }

                // Due, and behind an event that is still there for everybody else.
                try await host.see(equity: 2_000)
                #expect(try await host.claim(token: "meanwhile").isEmpty)
                mayEnd.raise()
                try await settling.value

                #expect(
                    try await host.claim(token: "afterwards").first?.events.map { $0.isOf(equity: 2_000) } == [true])
            }
        }

        @Test(
            "A host that is told to stop gives back what is under way: the next one goes on at once",
            arguments: SQLDialect.allCases)
        func stop(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let isUnderWay = Flag()
                let waiting = Receiver { _ in
                    isUnderWay.raise()
                    try await Task.sleep(for: .seconds(3_600))
                }
                let stopping = try desk.host(waiting)
                try await stopping.see(equity: 1_000)
                try await stopping.deliver { isUnderWay.isUp }
                #expect(waiting.taken.isEmpty)

                let next = try desk.host()
                try await next.deliver { try await desk.count("event_outbox") == 0 }

                #expect(next.receiver.taken.map(\.attempt) == [1, 1, 1])
            }
        }

        @Test("An observer that does not serve is left alone, and gets its events when it does")
        func notServing() async throws {
            try await EventDesk.with(.sqlite) { desk in
                let host = try desk.host()
                try await host.see(equity: 1_000)
                let isServing = Flag()
                let observed = LoadedService(id: "test", service: host.observer) {
                    isServing.isUp ? .ok : .failed(reason: "not yet")
                }
                let lane = try #require(host.dispatcher(observed).lanes.first)

                #expect(await lane.claim(limit: 1).isEmpty)
                isServing.raise()

                let claim = try #require(await lane.claim(limit: 1).first)
                await lane.deliver(claim)
                #expect(host.receiver.taken.count == 3)
                #expect(try await desk.count("event_outbox") == 0)
            }
        }

        @Test(
            "A host that comes back after its lease changes nothing: the account is another's",
            arguments: SQLDialect.allCases)
        func lostLease(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let (slow, quick) = (try desk.host(), try desk.host())
                try await slow.see(equity: 1_000)
                let first = try #require(try await slow.claim(token: "slow").first)
                desk.clock.advance(by: .seconds(30))
                let second = try #require(try await quick.claim(token: "quick").first)

                #expect(try await !slow.settle(first, .init(taken: first.events.count)))
                #expect(try await desk.count("event_outbox") == Int64(first.events.count))
                #expect(try await slow.claim(token: "third").isEmpty)
                #expect(try await quick.settle(second, .init(taken: second.events.count)))
                #expect(try await desk.count("event_outbox") == 0)
            }
        }

        @Test(
            "An event that is not taken is tried after growing pauses and holds up its own account alone",
            arguments: SQLDialect.allCases)
        func backoff(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect, accounts: ["acc", "other"]) { desk in
                let refusing = Mutex(true)
                let receiver = Receiver { event in
                    guard event.account == "acc", refusing.withLock(\.self) else { return }
                    throw EventNotTaken.tryAgain(after: nil, reason: "the receiver answered 500")
                }
                let host = try desk.host(observing: [.snapshotStored], attemptsMax: 10, receiver)
                try await host.see(equity: 1_000)
                try await host.see(equity: 1_001)
                try await host.see("other", equity: 1_000)
                try await host.deliver {
                    let errors = try await desk.column("SELECT last_error FROM event_outbox")
                    return try await desk.count("event_outbox") == 2 && errors.count == 1
                }
                #expect(receiver.tried.count == 2)

                // Pauses of 8, 16 and 32 seconds, each of which is over in between three quarters and the whole of itself.
                for (attempt, pause) in [(2, 8), (3, 16), (4, 32)] {
                    desk.clock.advance(by: .seconds(pause * 3 / 4 - 1))
                    #expect(try await !host.outbox.isDue(EventHost.subscription, at: desk.clock.now))
                    desk.clock.advance(by: .seconds(pause / 4 + 1))
                    try await host.deliver {
                        let attempts = try await desk.storage.rows("SELECT attempts FROM event_outbox ORDER BY number")
                        return attempts.first?.integer(0) == Int64(attempt)
                    }
                }
                refusing.withLock { $0 = false }
                desk.clock.advance(by: .seconds(60))
                try await host.deliver { try await desk.count("event_outbox") == 0 }

                let acc = receiver.tried.filter { $0.account == "acc" }
                #expect(acc.map(\.attempt) == [1, 2, 3, 4, 5, 1])
                #expect(Set(acc.prefix(5).map(\.id)).count == 1)
                #expect(receiver.taken.map(\.account) == ["other", "acc", "acc"])
            }
        }

        @Test(
            "After its last attempt an event is a dead letter, its account goes on, and an operator can put it back",
            arguments: SQLDialect.allCases)
        func deadLetters(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let refusing = Mutex(true)
                let receiver = Receiver { event in
                    guard event.isOf(equity: 1_000), refusing.withLock(\.self) else { return }
                    throw EventNotTaken.tryAgain(after: nil, reason: "the receiver answered 503")
                }
                let host = try desk.host(observing: [.snapshotStored], attemptsMax: 2, pause: .zero, receiver)
                try await host.see(equity: 1_000)
                try await host.see(equity: 2_000)
                try await host.deliver { try await desk.count("event_outbox") == 0 }
                #expect(receiver.taken.map { $0.isOf(equity: 2_000) } == [true])
                let letters = DeadLetters(of: "test", in: desk.storage, subscriptions: ["test/all"])
                let id = try #require(try await desk.column("SELECT dead_letter_id FROM event_dead_letters").first)
                let listed = try await text(letters.list(request(desk)))
                #expect(listed.contains(#""attempts":2,"last_error":"the receiver answered 503""#), "\(listed)")

                refusing.withLock { $0 = false }
                _ = try await letters.retry(id, request(desk, key: "once"))
                _ = try await letters.retry(id, request(desk, key: "once"))
                await #expect(throws: Problem.self) { try await letters.retry(id, request(desk)) }
                try await host.deliver { try await desk.count("event_outbox") == 0 }

                #expect(receiver.taken.map { $0.isOf(equity: 2_000) } == [true, false])
                #expect(Set(receiver.tried.map(\.id)).count == 2)
                #expect(try await desk.count("event_dead_letters") == 0)
                #expect(try await desk.column("SELECT action FROM audit_logs WHERE action = 'event.retry'").count == 1)
            }
        }

        @Test(
            "A dead letter that is put back is kept for as long as a new event", arguments: SQLDialect.allCases)
        func putBackLate(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let receiver = Receiver { _ in throw EventNotTaken.refused(reason: "the receiver answered 410") }
                let host = try desk.host(observing: [.snapshotStored], receiver)
                try await host.see(equity: 1_000)
                try await host.deliver { try await desk.count("event_dead_letters") == 1 }
                desk.clock.advance(by: .seconds(80_000))
                let id = try #require(try await desk.column("SELECT dead_letter_id FROM event_dead_letters").first)
                let letters = DeadLetters(of: "test", in: desk.storage, subscriptions: ["test/all"])
                _ = try await letters.retry(id, request(desk))
                #expect(try await host.outbox.depths()["test/all"]?.oldest == desk.clock.now)

                desk.clock.advance(by: .seconds(80_000))
                try await host.desk.runDue()
                #expect(try await desk.count("event_outbox") == 1)

                desk.clock.advance(by: .seconds(10_000))
                try await host.desk.runDue()
                #expect(try await desk.count("event_outbox") == 0)
                #expect(receiver.tried.count == 1)
            }
        }

        @Test("An event that is refused for good is a dead letter at once", arguments: SQLDialect.allCases)
        func refused(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let receiver = Receiver { _ in throw EventNotTaken.refused(reason: "the receiver answered 410") }
                let host = try desk.host(observing: [.snapshotStored], attemptsMax: 50, receiver)
                try await host.see(equity: 1_000)

                try await host.deliver { try await desk.count("event_dead_letters") == 1 }

                #expect(receiver.tried.count == 1)
                #expect(try await desk.count("event_outbox") == 0)
            }
        }

        @Test("Dead letters come in pages, the newest first", arguments: SQLDialect.allCases)
        func pages(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let receiver = Receiver { _ in throw EventNotTaken.refused(reason: "no") }
                let host = try desk.host(observing: [.snapshotStored], receiver)
                for equity in 1...5 {
                    try await host.see(equity: equity * 1_000)
                    try await host.deliver { try await desk.count("event_dead_letters") == Int64(equity) }
                    desk.clock.advance(by: .seconds(1))
                }
                let letters = DeadLetters(of: "test", in: desk.storage, subscriptions: ["test/all"])
                var (equities, cursor): ([String], [Value]?) = ([], nil)
                repeat {
                    let page = try JSONValue(
                        parsing: Array(try await text(letters.list(request(desk, limit: 2, cursor: cursor))).utf8))
                    for letter in page["dead_letters"]?.elements ?? [] {
                        equities.append(letter["data"]?["equity"]?.text ?? "")
                    }
                    cursor = try page["next_cursor"]?.text.map { try HostCursors().open($0) }
                } while cursor != nil

                #expect(equities.count == 5)
                #expect(equities == equities.sorted().reversed())
            }
        }

        private func request(
            _ desk: EventDesk, limit: Int64 = 50, cursor: [Value]? = nil, key: String? = nil
        ) -> Request {
            Request(
                caller: Caller(subject: "root", role: .operator), parameters: ["limit": .integer(limit)],
                cursor: cursor, idempotencyKey: key, requestID: "r-1", now: desk.clock.now, cursors: HostCursors())
        }

        private func text(_ reply: Reply) -> String { String(decoding: reply.body, as: UTF8.self) }
    }
}
