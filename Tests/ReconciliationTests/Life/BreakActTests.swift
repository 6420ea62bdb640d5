import PluginAPI
import PluginTesting
import Testing

@testable import Reconciliation

@Suite("What people do to breaks")
struct BreakActTests {
    @Test("An acknowledged break stays so over ten failing runs, and is open again when it gets worse")
    func acknowledge() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            let answer = try await desk.act("acknowledge", #"{"note": "the bot is late"}"#)

            var verdicts: Set<String?> = []
            for _ in 1...10 { verdicts.insert(try await desk.see()["breaks"]?["opened"]?.text) }
            let status = try await desk.ask("status")
            try await desk.expect(volume: "0.3")
            let worse = try await desk.see()

            #expect(answer["status"]?.text == "acknowledged")
            #expect(answer["acknowledged_until"]?.text == "\(desk.clock.now - .seconds(11) + .seconds(86_400))")
            #expect(verdicts == ["0"])
            #expect(status["status"]?.text == "healthy")
            #expect(status["divergences_detected"]?.text == "1")
            #expect(worse["breaks"]?["opened"]?.text == "1")
            #expect(
                try await desk.history() == [
                    "null opened open", "open acknowledged acknowledged", "acknowledged reopened open",
                ])
            let events = try await desk.events()
            #expect(events[1]["actor"]?.text == "ann")
            #expect(events[1]["note"]?.text == "the bot is late")
            #expect(events[1]["until"] == answer["acknowledged_until"])
            #expect(events[2]["actor"]?.text == "system")
            #expect(events[2]["note"]?.text == "larger: volume")
            #expect(events[2]["run_id"] == worse["run_id"])
            #expect(try await desk.notices().count == 2)
            #expect(desk.counts["reconciliation_divergences_total partial_fill"] == 2)
        }
    }

    @Test("Every act answers with the break as it now stands, keeps the account's counts, and is announced and audited")
    func effects() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            _ = desk.announced.take()
            let until = "\(desk.clock.now + .seconds(600))"
            let acts = [
                ("acknowledge", #"{"until": "\#(until)"}"#, "acknowledged", [0, 0, 1]),
                ("snooze", #"{"until": "\#(until)"}"#, "acknowledged", [0, 0, 1]),
                ("resolve", #"{"resolution": "fixed", "note": null}"#, "resolved", [0, 0, 0]),
                ("reopen", "", "open", [0, 1, 0]),
                ("resolve", #"{"resolution": "accepted", "note": "as agreed"}"#, "resolved", [0, 0, 0]),
            ]
            for (kind, body, status, counts) in acts {
                desk.clock.advance(by: .seconds(1))
                let answer = try await desk.act(kind, body)

                #expect(answer["status"]?.text == status)
                #expect(answer == (try await desk.ask("break", ["break_id": .text(Desk.breakID())])))
                #expect(try await desk.counters().kept == counts.map { Int64($0) })
                #expect(try await desk.counters().real == counts.map { Int64($0) })
                #expect(desk.announced.take() == [.account("acc"), .user("ann")])
            }
            let audit = try await desk.storage.rows(
                "SELECT action, object, actor, before, after FROM audit_logs WHERE action LIKE 'break.%' ORDER BY action"
            )
            #expect(
                audit.map { $0.text(0) } == [
                    "break.acknowledge", "break.reopen", "break.resolve", "break.resolve", "break.snooze",
                ])
            #expect(audit.allSatisfy { $0.text(1) == "break:\(Desk.breakID())" && $0.text(2) == "ann" })
            #expect(audit.first?.json(3)?.contains(#""status":"open""#) == true)
            #expect(audit.first?.json(4)?.contains(#""status":"acknowledged""#) == true)
        }
    }

    @Test("Resolved as accepted it is no divergence any more, counts on, and comes back when it is larger")
    func accept() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            let answer = try await desk.act("resolve", #"{"resolution": "accepted", "note": "as agreed"}"#)
            let quiet = try await desk.see()
            let status = try await desk.ask("status")
            let listed = try await desk.ask("breaks", ["limit": .integer(50)])
            let all = try await desk.ask("breaks", ["limit": .integer(50)], choices: ["status": ["all"]])
            try await desk.expect(volume: "0.25")
            let worse = try await desk.see()

            #expect(answer["resolution"]?.text == "accepted")
            #expect(quiet["verdict"]?.text == "reconciled")
            #expect(status["divergences_detected"]?.text == "0")
            #expect(listed["breaks"]?.elements.isEmpty == true)
            #expect(all["breaks"]?.elements.first?["times_seen"]?.text == "2")
            #expect(worse["verdict"]?.text == "breaks")
            #expect(try await desk.history().last == "resolved reopened open")
        }
    }

    @Test("Lists are filtered by where breaks stand; a snoozed one stands where it stood")
    func filters() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            func found(_ statuses: [String]?, age: Duration? = nil) async throws -> Int? {
                var parameters: [String: Value] = ["limit": .integer(50)]
                if let age { parameters["min_age"] = .integer(age.wholeMicroseconds) }
                return try await desk.ask("breaks", parameters, choices: statuses.map { ["status": $0] } ?? [:])[
                    "breaks"]?
                    .elements.count
            }
            let until = "\(desk.clock.now + .seconds(60))"
            try await desk.act("acknowledge")
            try await desk.act("snooze", #"{"until": "\#(until)"}"#)

            #expect(try await found(nil) == 1)
            #expect(try await found(["acknowledged"]) == 1)
            #expect(try await found(["open", "pending", "resolved"]) == 0)
            desk.clock.advance(by: .seconds(30))
            #expect(try await found(nil, age: .seconds(30)) == 1)
            #expect(try await found(nil, age: .seconds(31)) == 0)
            try await desk.act("resolve", #"{"resolution": "fixed"}"#)
            #expect(try await found(nil) == 0)
            #expect(try await found(["resolved"]) == 1)
            #expect(try await found(["all"]) == 1)
        }
    }

    @Test("A snooze stops notices: a break that gets worse meanwhile is told of when it ends")
    func snooze() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            try await desk.act("acknowledge")
            let until = desk.clock.now + .seconds(60)
            try await desk.act("snooze", #"{"until": "\#(until)"}"#)
            try await desk.expect(volume: "0.3")
            let worse = try await desk.see()
            let muted = try await desk.notices()
            let counted = try await desk.ask("status")["divergences_detected"]
            desk.clock.set(until)
            try await desk.schedule()

            #expect(worse["breaks"]?["opened"]?.text == "1")
            #expect(muted.count == 1)
            #expect(counted?.text == "1")
            #expect(try await desk.notices().count == 2)
            #expect(try await desk.history().last == "open unsnoozed open")
        }
    }

    @Test("The same call under an Idempotency-Key acts once; another body under it is a conflict")
    func idempotent() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            let first = try await desk.act("acknowledge", #"{"note": "a"}"#, key: "k")
            try await desk.act("reopen")
            let again = try await desk.act("acknowledge", #"{"note": "a"}"#, key: "k")
            let other = try await desk.refusal { try await desk.act("acknowledge", #"{"note": "b"}"#, key: "k") }

            #expect(again == first)
            #expect(try await desk.history().last == "acknowledged reopened open")
            #expect(other?.status == 409)
        }
    }

    @Test("The owner and operators may; anybody else's break is not there, whatever account they name")
    func rights() async throws {
        try await Desk.with { desk in
            try await desk.openAccount("theirs", of: "bob", interval: "10s")
            for account in ["acc", "theirs"] {
                try await desk.expect(volume: "0.2", in: account)
                try await desk.see(account)
            }
            let theirs = Desk.breakID("theirs")

            for account in [nil, "acc", "theirs"] {
                let problem = try await desk.refusal { try await desk.act("acknowledge", on: theirs, account: account) }
                #expect(problem?.status == 404)
            }
            let misnamed = try await desk.refusal {
                try await desk.act("acknowledge", on: theirs, by: Desk.root, account: "acc")
            }
            #expect(misnamed?.status == 404)
            #expect(try await desk.refusal { try await desk.act("acknowledge", on: "absent") }?.status == 404)
            #expect(try await desk.history("theirs").count == 1)
            try await desk.act("acknowledge", on: theirs, by: Desk.root)
            #expect(try await desk.events("theirs").last?["actor"]?.text == "root")
            for operation in desk.module.operations where operation.name.hasSuffix("Break") {
                #expect(operation.roles == [.user, .operator])
            }
        }
    }

    @Test("A step that the break cannot take is a conflict and changes nothing")
    func conflicts() async throws {
        try await Desk.with(grace: .duration(.seconds(60))) { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            let until = "\(desk.clock.now + .seconds(600))"
            func refused(_ kind: String, _ body: String = "") async throws -> String? {
                let problem = try await desk.refusal { try await desk.act(kind, body) }
                #expect(problem == nil || problem?.status == 409)
                return problem?.detail
            }
            for (kind, body) in [
                ("acknowledge", ""), ("snooze", #"{"until": "\#(until)"}"#), ("resolve", #"{"resolution": "fixed"}"#),
                ("reopen", ""),
            ] {
                #expect(try await refused(kind, body)?.contains("is pending: it opens at") == true)
            }
            #expect(try await desk.history() == ["null seen pending"])

            desk.clock.advance(by: .seconds(60))
            #expect(try await refused("reopen")?.contains("is open already") == true)
            #expect(try await refused("acknowledge") == nil)
            #expect(
                try await desk.history() == [
                    "null seen pending", "pending opened open", "open acknowledged acknowledged",
                ])
            try await desk.act("resolve", #"{"resolution": "fixed"}"#)
            #expect(try await refused("acknowledge")?.contains("is resolved; reopen it first") == true)
        }
    }

    @Test(
        "A bad body is refused with every problem at its place",
        arguments: [
            ("acknowledge", #"{"until": "2026-01-05T09:00:00Z"}"#, "/until must be in the future"),
            ("acknowledge", #"{"until": "2028-01-05T09:00:00Z"}"#, "/until must be within 365 days from now"),
            (
                "acknowledge", #"{"until": "2026-01-06T09:00:00"}"#,
                "/until has no zone: end it with Z or an offset such as +02:00"
            ),
            ("acknowledge", #"{"note": " "}"#, "/note must not be blank"),
            ("acknowledge", #"{"not": "x"}"#, #"/not is not a field here; did you mean "note"?"#),
            ("snooze", "", "/until is missing"),
            ("snooze", #"{"until": 7}"#, "/until must be a string, not a number"),
            (
                "snooze", #"{"until": null, "note": "x"}"#,
                "/note is not a field here; known are until; /until is missing"
            ),
            ("resolve", "{}", "/resolution is missing"),
            ("resolve", #"{"resolution": "auto"}"#, "/resolution must be fixed or accepted"),
            ("resolve", #"{"resolution": "accepted"}"#, "/note is missing"),
            ("reopen", #"{"note": 7}"#, "/note must be a string, not a number"),
        ])
    func badBodies(kind: String, body: String, expected: String) async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()

            let problem = try await desk.refusal { try await desk.act(kind, body) }

            #expect(problem?.status == 422)
            let told = problem?.errors.map { item in
                if case .pointer(let pointer) = item.place { "\(pointer) \(item.detail)" } else { item.detail }
            }
            #expect(told?.joined(separator: "; ") == expected)
            #expect(try await desk.history() == ["null opened open"])
        }
    }
}
