import HTTPTypes
import PluginAPI
import Testing

@testable import Host

/// Concurrent requests for one answer.
struct SingleFlightTests {
    @Test("A thousand concurrent misses make one call", arguments: [true, false])
    func oneCall(usesCache: Bool) async throws {
        let (calls, arrived, gate) = (Tally(), Tally(), Door())
        let harness = try QueryPathHarness(
            [
                .asking { _ in
                    calls.add()
                    await gate.pass()
                    return Reply(body: Array("{}".utf8))
                }
            ], usesCache: usesCache)

        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<1_000 {
                group.addTask {
                    arrived.add()
                    return await harness.ask().status.code
                }
            }
            while arrived.value < 1_000 || harness.path.flights.waiters < 1_000 { await Task.yield() }
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(statuses == Array(repeating: 200, count: 1_000))
        #expect(calls.value == 1)
        #expect(harness.path.flights.count == 0)
        #expect(harness.metrics.count("cache_requests_total memory fake.asking miss") == 1)
        #expect(harness.metrics.count("cache_requests_total memory fake.asking join") == 999)
    }

    @Test("A leader that is cancelled fails nobody else")
    func cancelledLeader() async throws {
        let (calls, gate) = (Tally(), Door())
        let harness = try QueryPathHarness([
            .asking { _ in
                calls.add()
                await gate.pass()
                try Task.checkCancellation()
                return Reply(body: Array("{}".utf8))
            }
        ])
        let leader = Task { await harness.ask() }
        while harness.path.flights.waiters < 1 { await Task.yield() }
        let joiner = Task { await harness.ask() }
        while harness.path.flights.waiters < 2 { await Task.yield() }

        leader.cancel()
        let cancelled = await leader.value
        gate.open()

        #expect(cancelled.status == .serviceUnavailable)
        #expect(await joiner.value.header("Cache-Status") == "concord; fwd=uri-miss; collapsed")
        #expect(calls.value == 1)
    }

    @Test("A request that begins after a write does not join a call that began before it", arguments: [true, false])
    func noJoinAcrossWrites(usesCache: Bool) async throws {
        let (calls, gate) = (Tally(), Door())
        let harness = try QueryPathHarness(
            [
                .asking { _ in
                    let number = calls.add()
                    if number == 1 { await gate.pass() }
                    return Reply(body: Array("\(number)".utf8))
                }
            ], usesCache: usesCache)
        let before = Task { await harness.ask().text }
        while calls.value < 1 { await Task.yield() }

        await harness.invalidations.invalidate([.user("ann")])
        let after = await harness.ask().text
        gate.open()

        #expect(after == "2")
        #expect(await before.value == "1")
        let later = await harness.ask()
        #expect(later.text == (usesCache ? "2" : "3"))
    }

    @Test("Nor is it answered by one, when only the answer tells that the write concerns it")
    func noJoinAcrossWritesUnderTheAnswersTags() async throws {
        let (calls, gate) = (Tally(), Door())
        let extra = CacheTag(kind: "extra", id: "x")
        let harness = try QueryPathHarness([
            .asking { _ in
                let number = calls.add()
                if number == 1 { await gate.pass() }
                return Reply(body: Array("\(number)".utf8), tags: [extra])
            }
        ])
        let before = Task { await harness.ask().text }
        while calls.value < 1 { await Task.yield() }

        await harness.invalidations.invalidate([extra])
        let after = Task { await harness.ask() }
        while harness.path.flights.waiters < 2 { await Task.yield() }
        gate.open()

        #expect(await before.value == "1")
        #expect(await after.value.text == "2")
    }

    @Test("A write that concerns others parts nobody")
    func joinsAcrossOthersWrites() async throws {
        let (calls, gate) = (Tally(), Door())
        let harness = try QueryPathHarness([
            .asking { _ in
                calls.add()
                await gate.pass()
                return Reply(body: Array("{}".utf8))
            }
        ])
        let first = Task { await harness.ask() }
        while calls.value < 1 { await Task.yield() }

        await harness.invalidations.invalidate([.account("b1"), .user("bob")])
        let second = Task { await harness.ask() }
        while harness.path.flights.waiters < 2 { await Task.yield() }
        gate.open()

        #expect(await first.value.status == .ok)
        #expect(await second.value.header("Cache-Status") == "concord; fwd=uri-miss; collapsed")
        #expect(calls.value == 1)
    }

    @Test("What is no longer known of writes is taken for a write")
    func boundedMemory() {
        var writes = RecentWrites(generationSize: 4)
        writes.record([.user("ann")])
        let before = writes.epoch
        #expect(!writes.touched([.user("ann")], since: before))

        for number in 0..<3 { writes.record([.user("u\(number)")]) }
        #expect(!writes.touched([.user("ann")], since: before))
        #expect(writes.touched([.user("ann")], since: before - 1))
        #expect(writes.touched([.user("u1")], since: before))

        for number in 0..<8 { writes.record([.user("v\(number)")]) }
        #expect(writes.touched([.user("ann")], since: before))
        #expect(!writes.touched([.user("ann")], since: writes.epoch - 1))
        writes.record([.everything])
        #expect(writes.touched([.user("ann")], since: writes.epoch - 1))
    }

    @Test("A call that outlives its deadline is answered 503, and the next request starts anew")
    func deadline() async throws {
        let (hangs, gate) = (Locked(true), Door())
        let harness = try QueryPathHarness([
            .asking { _ in
                if hangs.value { await gate.pass() }
                return Reply(body: Array("{}".utf8))
            }
        ])

        let late = await harness.ask(deadline: .now + .milliseconds(50))
        hangs.value = false
        let next = await harness.ask()
        gate.open()

        #expect(late.status == .serviceUnavailable && late.header("Retry-After") == "1")
        #expect(late.detail == "The answer took longer than a request may take; try again.")
        #expect(next.status == .ok)
    }

    @Test("A module is called by so many at a time; the others wait their turn, and beyond a bound are refused")
    func bounded() async throws {
        let (running, highest, gate) = (Locked(0), Locked(0), Door())
        let harness = try QueryPathHarness([
            .asking(parameters: [.symbol]) { _ in
                running.change { $0 += 1 }
                highest.change { $0 = max($0, running.value) }
                await gate.pass()
                running.change { $0 -= 1 }
                return Reply(body: Array("{}".utf8))
            }
        ]) { ($0.moduleLimits.usual.callsMax, $0.moduleLimits.usual.waitingMax) = (3, 5) }

        let codes = await withTaskGroup(of: Int.self) { group in
            for number in 0..<20 { group.addTask { await harness.ask("symbol=S\(number)").status.code } }
            var codes: [Int] = []
            while codes.count < 12, let code = await group.next() { codes.append(code) }
            gate.open()
            return await group.reduce(into: codes) { $0.append($1) }
        }

        #expect(highest.value == 3)
        #expect(codes.filter { $0 == 503 }.count == 12)
        #expect(codes.filter { $0 == 200 }.count == 8)
    }

    @Test("Whatever comes between, a request sees every write that was announced before it began", arguments: 0..<8)
    func invalidationRace(seed: Int) async throws {
        let book = Locked<[String: Int]>([:])
        let harness = try QueryPathHarness(
            [
                .asking { request in
                    let seen = request.accounts.map { book.value[$0, default: 0] }
                    await Task.yield()
                    let tags = seed.isMultiple(of: 2) ? [CacheTag(kind: "extra", id: "x")] : []
                    return Reply(body: Array("\(seen.reduce(0, +))".utf8), tags: tags)
                }
            ], usesCache: seed % 4 < 2, usesMemoryCache: seed < 4)

        await withTaskGroup { group in
            for account in ["a1", "a2"] {
                group.addTask {
                    for _ in 0..<300 {
                        book.change { $0[account, default: 0] += 1 }
                        await harness.invalidations.invalidate([.account(account), .user("ann")])
                        if Bool.random() { await Task.yield() }
                    }
                }
            }
            for _ in 0..<6 {
                group.addTask {
                    for _ in 0..<200 {
                        let account = ["", "account_id=a1", "account_id=a2"].randomElement() ?? ""
                        let known = book.announced(account)
                        let answer = await harness.ask(account)
                        #expect((Int(answer.text) ?? -1) >= known)
                    }
                }
            }
        }

        #expect(await harness.ask().text == "600")
    }

    @Test("Rights that a write has overtaken while they were looked up are looked up again", arguments: [true, false])
    func overtakenRights(isCachedForNewOwner: Bool) async throws {
        let harness = try QueryPathHarness([
            .asking { request in Reply(body: Array(request.user.utf8)) }
        ])
        let door = Door()
        harness.directory.hold(door)
        let slow = Task { await harness.ask("account_id=a1", as: .ann) }
        while harness.directory.lookUps < 1 { await Task.yield() }

        harness.directory.hold(nil)
        harness.directory.give("a1", to: "bob")
        await harness.invalidations.invalidate([.account("a1"), .user("ann"), .user("bob")])
        if isCachedForNewOwner { #expect(await harness.ask("account_id=a1", as: .bob).text == "bob") }
        door.open()

        #expect(await slow.value.status == .notFound)
        #expect(await harness.ask("account_id=a1", as: .bob).text == "bob")
    }

    @Test(
        "An account that changes hands in the middle of a request is never answered to its new owner as the old one's")
    func ownerRace() async throws {
        let harness = try QueryPathHarness(
            [
                .asking { request in Reply(body: Array(request.user.utf8)) }
            ], usesMemoryCache: true)

        await withTaskGroup { group in
            group.addTask {
                for number in 0..<300 {
                    harness.directory.give("a1", to: number.isMultiple(of: 2) ? "bob" : "ann")
                    await harness.invalidations.invalidate([.account("a1"), .user("ann"), .user("bob")])
                }
            }
            for caller in [Caller.ann, .bob, .ann, .bob] {
                group.addTask {
                    for _ in 0..<300 {
                        let answer = await harness.ask("account_id=a1", as: caller)
                        #expect(answer.status == .notFound || answer.text == caller.subject)
                    }
                }
            }
        }
    }
}

extension Locked<[String: Int]> {
    /// What a query may at least show: the sum as it stood when every write in it had been announced.
    fileprivate func announced(_ query: String) -> Int {
        // Each account has one writer, which announces a write before it makes the next one.
        let accounts = query.isEmpty ? ["a1", "a2"] : [String(query.dropFirst("account_id=".count))]
        return accounts.map { max(0, value[$0, default: 0] - 1) }.reduce(0, +)
    }
}
