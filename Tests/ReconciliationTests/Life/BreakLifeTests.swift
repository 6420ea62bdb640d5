import PluginAPI
import Testing

@testable import Reconciliation

@Suite("The life of a break")
struct BreakLifeTests {
    private let small = found("partial_fill volume 0.2 0.1")
    private let large = found("partial_fill volume 0.3 0.1")

    @Test("Complaint: acknowledged alerts come back on every run. It stays acknowledged over ten failing runs")
    func acknowledged() throws {
        var book = Casebook()
        try book.run([small])
        try book.acknowledge()

        let outcomes = try (1...10).map { _ in try book.run([small]) }

        #expect(book.first?.status == .acknowledged)
        #expect(book.first?.timesSeen == 11)
        #expect(book.history == ["new opened open", "open acknowledged acknowledged"])
        #expect(outcomes.allSatisfy { $0.opened.isEmpty && $0.noticed.isEmpty && $0.stillOpen == 1 })
    }

    @Test("An acknowledged break that gets worse is open again, and says in what way")
    func worse() throws {
        var book = Casebook()
        try book.run([small])
        try book.acknowledge()
        try book.run([small])

        let outcome = try book.run([large])

        #expect(outcome.opened.map(\.id) == [Casebook.firstID])
        #expect(outcome.noticed.map(\.id) == [Casebook.firstID])
        #expect(book.first?.status == .open)
        #expect(book.first?.acknowledgedUntil == nil)
        #expect(book.steps.last?.name == .reopened)
        #expect(book.steps.last?.origin.note == "larger: volume")
        #expect(book.steps.last?.origin.runID == "run-3")
    }

    @Test("An acknowledgement is of what was there: what shrank and grew back is no worse")
    func baseline() throws {
        var book = Casebook()
        try book.run([large])
        try book.acknowledge()

        try book.run([small])
        try book.run([large])

        #expect(book.first?.status == .acknowledged)
    }

    @Test("An acknowledgement of the worse difference holds from then on")
    func acknowledgedAgain() throws {
        var book = Casebook()
        try book.run([small])
        try book.acknowledge()
        try book.run([large])
        try book.acknowledge()

        try book.run([large])

        #expect(book.first?.status == .acknowledged)
    }

    @Test("Complaint: an acknowledgement silences for ever. It ends at its time, by a run or by time alone")
    func expired() throws {
        for isByRun in [true, false] {
            var book = Casebook()
            try book.run([small])
            try book.acknowledge(for: .seconds(60))
            book.wait(.seconds(59))
            #expect(book.elapse().isEmpty)
            book.wait(.seconds(1))

            if isByRun { try book.run([small]) } else { book.elapse() }

            #expect(book.first?.status == .open)
            #expect(book.steps.last?.origin.note == "the acknowledgement has expired")
            #expect(book.history.count == 3)
        }
    }

    @Test("A break keeps its ID and its history over resolution and reappearance")
    func sameID() throws {
        var book = Casebook()
        try book.run([small])
        try book.run([])
        let gone = book.first
        try book.run([small])

        #expect(gone?.status == .resolved)
        #expect(gone?.resolution == .auto)
        #expect(book.breaks.count == 1)
        #expect(book.first?.status == .open)
        #expect(book.first?.firstSeenAt == opening + .seconds(10))
        #expect(book.first?.timesSeen == 2)
        #expect(book.history == ["new opened open", "open resolved resolved", "resolved reopened open"])
    }

    @Test("Resolved as fixed and still found, it is reopened")
    func fixed() throws {
        var book = Casebook()
        try book.run([small])
        try book.byHand { item, origin throws(BreakRefusal) in try item.resolve(as: .fixed, origin) }

        let outcome = try book.run([small])

        #expect(outcome.opened.count == 1)
        #expect(book.first?.status == .open)
        #expect(book.first?.resolution == nil)
        #expect(book.steps.last?.origin.note == "found again, although said to be fixed")
    }

    @Test("Resolved as accepted, it stays so and is counted on, until it is larger or of another class")
    func accepted() throws {
        for worse in [large, found("volume_mismatch volume 0.1 0.2")] {
            var book = Casebook()
            try book.run([small])
            try book.byHand(note: "as agreed") { item, origin throws(BreakRefusal) in
                try item.resolve(as: .accepted, origin)
            }
            for _ in 1...5 { try book.run([small]) }
            try book.run([])
            try book.run([small])
            #expect(book.first?.status == .resolved)
            #expect(book.first?.resolution == .accepted)
            #expect(book.first?.timesSeen == 7)
            #expect(book.steps.count == 2)

            let outcome = try book.run([worse])

            #expect(outcome.opened.count == 1)
            #expect(book.first?.status == .open)
            #expect(book.steps.last?.name == .reopened)
        }
    }

    @Test("What was said of one trade is not said of another that comes to stand under its key")
    func anotherTrade() throws {
        var other = small
        other.tradeID = "t2"
        for isAccepted in [true, false] {
            var book = Casebook()
            try book.run([small])
            if isAccepted {
                try book.byHand(note: "t1 is known") { item, origin throws(BreakRefusal) in
                    try item.resolve(as: .accepted, origin)
                }
            } else {
                try book.acknowledge(for: .seconds(600))
            }

            let outcome = try book.run([other])

            #expect(outcome.opened.count == 1)
            #expect(book.first?.status == .open)
            #expect(book.first?.tradeID == "t2")
            #expect(book.steps.last?.origin.note == "another trade: it was t1")
        }
    }

    @Test("A snooze stops notices and no counts; when it ends, an open break is told of again")
    func snoozed() throws {
        var book = Casebook()
        try book.run([small])
        try book.acknowledge(for: .seconds(600))
        try book.snooze(for: .seconds(100))

        let muted = try book.run([large])
        book.wait(.seconds(90))
        let woken = try book.run([large])

        #expect(muted.opened.count == 1)
        #expect(muted.noticed.isEmpty)
        #expect(muted.count(.open) == 1)
        #expect(woken.opened.isEmpty)
        #expect(woken.noticed.count == 1)
        #expect(woken.stillOpen == 1)
        #expect(book.first?.snoozedUntil == nil)
        #expect(book.steps.suffix(2).map(\.name) == [.reopened, .unsnoozed])
    }

    @Test("The end of a snooze on an acknowledged break is no notice")
    func snoozedAndAcknowledged() throws {
        var book = Casebook()
        try book.run([small])
        try book.acknowledge(for: .seconds(600))
        try book.snooze(for: .seconds(10))

        let woken = try book.run([small])

        #expect(woken.noticed.isEmpty)
        #expect(book.first?.status == .acknowledged)
        #expect(book.steps.last?.name == .unsnoozed)
    }

    @Test("A resolution ends acknowledgement and snooze: what comes back is told of")
    func resolvedWhileMuted() throws {
        var book = Casebook()
        try book.run([small])
        try book.acknowledge(for: .seconds(600))
        try book.snooze(for: .seconds(600))
        try book.run([])

        let back = try book.run([small])

        #expect(back.noticed.count == 1)
        #expect(book.first?.status == .open)
        #expect(book.first?.wakeAt == nil)
    }

    @Test(
        "Complaint: expected items counted as exceptions. Inside its grace it is pending, and healed in time it never was"
    )
    func pending() throws {
        var book = Casebook()
        book.grace = GracePolicy(byDefault: .seconds(30))
        let seen = try book.run([small])
        #expect(seen.pendingKeys == ["ticket:1"])
        #expect(book.first?.wakeAt == book.now + .seconds(30))
        try book.run([])
        #expect(book.breaks.isEmpty)
        #expect(book.steps.isEmpty)

        try book.run([small])
        try book.run([small])
        book.wait(.seconds(20))
        #expect(book.elapse().map(\.name) == [.opened])
        #expect(book.first?.timesSeen == 2)
        #expect(book.elapse().isEmpty)
    }

    @Test("A grace that was over before the difference healed had opened it, whoever came first")
    func dueBeforeHealed() throws {
        for isByRun in [true, false] {
            var book = Casebook()
            book.grace = GracePolicy(byDefault: .seconds(30))
            try book.run([small])
            book.wait(.seconds(30))
            if !isByRun { book.elapse() }

            try book.run([])

            #expect(book.history == ["new seen pending", "pending opened open", "open resolved resolved"])
        }
    }

    @Test("Another class of an open break is a step; of a pending one it is not")
    func changed() throws {
        var book = Casebook()
        book.grace = GracePolicy(byDefault: .seconds(15))
        try book.run([small])
        try book.run([found("volume_mismatch volume 0.1 0.2")])
        try book.run([small])
        try book.run([found("volume_mismatch volume 0.1 0.2")])

        #expect(book.history == ["new seen pending", "pending opened open", "open changed open"])
        #expect(book.steps.last?.origin.note == "it was partial_fill")
    }

    @Test("A snapshot that is run again counts once")
    func sameSnapshot() throws {
        var book = Casebook()
        try book.run([small], snapshot: "one")
        try book.run([small], snapshot: "one")
        try book.run([small], snapshot: "two")

        #expect(book.first?.timesSeen == 2)
    }

    @Test(
        "What somebody may do depends on where the break stands",
        arguments: [
            ("pending", "acknowledge"), ("pending", "snooze"), ("pending", "resolve"), ("pending", "reopen"),
            ("resolved", "acknowledge"), ("resolved", "snooze"), ("resolved", "resolve"), ("open", "reopen"),
        ])
    func refused(status: String, act: String) throws {
        var book = Casebook()
        if status == "pending" { book.grace = GracePolicy(byDefault: .seconds(60)) }
        try book.run([small])
        if status == "resolved" { try book.run([]) }
        let before = book.first

        #expect(throws: BreakRefusal.self) { try book.byHand(act) }
        #expect(book.first == before)
        #expect(book.first?.status.rawValue == status)
    }

    @Test(
        "Everything else may be done, and done again",
        arguments: [
            ("open", "acknowledge"), ("open", "snooze"), ("open", "resolve"), ("acknowledged", "acknowledge"),
            ("acknowledged", "snooze"), ("acknowledged", "resolve"), ("acknowledged", "reopen"), ("resolved", "reopen"),
        ])
    func allowed(status: String, act: String) throws {
        var book = Casebook()
        try book.run([small])
        if status == "acknowledged" { try book.acknowledge() }
        if status == "resolved" { try book.run([]) }

        try book.byHand(act)

        #expect(book.steps.last?.from?.rawValue == status)
        #expect(book.steps.last?.origin.actor == "ann")
        #expect(book.first?.eventsTotal == Int64(book.steps.count))
    }

    @Test("Whatever happens, steps are numbered without a gap, follow each other, and lead to where the break stands")
    func everyStep() throws {
        let findings: [[FoundBreak]] = [
            [], [small], [small], [large], [found("sl_mismatch stop_loss 1.1 -")], [small],
        ]
        let acts = ["acknowledge", "snooze", "resolve", "accept", "reopen", "elapse", "run", "run", "run"]
        for seed in 1...300 {
            var random = SeededGenerator(seed: UInt64(seed))
            var book = Casebook()
            if seed.isMultiple(of: 2) { book.grace = GracePolicy(byDefault: .seconds(25)) }
            for _ in 1...40 {
                switch acts.randomElement(using: &random) ?? "run" {
                case "run": try book.run(findings.randomElement(using: &random) ?? [])
                case "elapse":
                    book.wait(.seconds(.random(in: 1...40, using: &random)))
                    book.elapse()
                case let act:
                    // A refusal is an outcome like any other here.
                    if book.first != nil { try? book.byHand(act) }
                }
                check(book)
            }
        }
    }

    private func check(_ book: Casebook) {
        #expect(book.steps.map(\.sequence) == book.steps.indices.map { Int64($0 + 1) })
        #expect(book.steps.first?.from == nil)
        for (before, after) in zip(book.steps, book.steps.dropFirst()) {
            #expect(after.from == before.to)
            #expect(after.origin.at >= before.origin.at)
        }
        #expect(book.first?.status == book.steps.last?.to)
        guard let item = book.first else { return }
        #expect((item.resolution != nil) == (item.status == .resolved))
        #expect((item.acknowledgedUntil != nil) == (item.status == .acknowledged))
        #expect((item.baseline != nil) == (item.status == .acknowledged || item.resolution == .accepted))
        #expect(item.status != .resolved || item.wakeAt == nil)
    }
}

extension Casebook {
    fileprivate mutating func acknowledge(for duration: Duration = .seconds(86_400)) throws {
        let until = now + duration
        try byHand { item, origin throws(BreakRefusal) in try item.acknowledge(until: until, origin) }
    }

    fileprivate mutating func snooze(for duration: Duration) throws {
        let until = now + duration
        try byHand { item, origin throws(BreakRefusal) in try item.snooze(until: until, origin) }
    }

    fileprivate mutating func byHand(_ act: String) throws(BreakRefusal) {
        let until = now + .seconds(60)
        try byHand { item, origin throws(BreakRefusal) in
            switch act {
            case "acknowledge": try item.acknowledge(until: until, origin)
            case "snooze": try item.snooze(until: until, origin)
            case "resolve": try item.resolve(as: .fixed, origin)
            case "accept": try item.resolve(as: .accepted, origin)
            default: try item.reopenByHand(origin)
            }
        }
    }
}
