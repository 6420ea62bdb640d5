import Testing

@testable import Host

@Suite("A turnstile")
struct TurnstileTests {
    @Test("Who is given up while waiting leaves, and the others come in as they came", .timeLimit(.minutes(1)))
    func leaving() async throws {
        let (turnstile, door, entered) = (Turnstile(), Door(), Locked<[String]>([]))
        let began = Tally()
        func enter(_ name: String) -> Task<Void, any Error> {
            Task {
                began.add()
                try await turnstile.pass {
                    entered.change { $0.append(name) }
                    if name == "first" { await door.pass() }
                }
            }
        }
        let first = enter("first")
        while entered.value.isEmpty { await Task.yield() }
        let gone = enter("gone")
        while began.value < 2 { await Task.yield() }
        gone.cancel()
        let outcome = await gone.result
        let last = enter("last")
        door.open()
        try await first.value
        try await last.value

        #expect(throws: CancellationError.self) { try outcome.get() }
        #expect(entered.value == ["first", "last"])
    }

    @Test("Who has been given up before does not come in, though nobody else is there")
    func givenUpBefore() async {
        let (turnstile, entered) = (Turnstile(), Tally())
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await turnstile.pass { _ = entered.add() }
        }
        task.cancel()

        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(entered.value == 0)
    }
}
