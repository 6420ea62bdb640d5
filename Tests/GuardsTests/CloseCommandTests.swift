import PluginAPI
import Testing
import TradingBook

@testable import Guards

@Suite("Close command")
struct CloseCommandTests {
    private let now = Timestamp(seconds: 1_767_607_200)

    @Test("The agent with the lease confirms it, and the same again changes nothing")
    func confirm() throws {
        var command = leased()

        let first = try command.confirm(price: "1960", closedAt: now, by: "bot", at: now + .seconds(29))
        let ended = command
        let again = try command.confirm(price: "1960.00", closedAt: now, by: "bot", at: now + .seconds(3_600))

        #expect([first, again] == [.changed, .repeated])
        #expect(command.status == .confirmed)
        #expect(command.closePrice == "1960")
        #expect(command == ended)
    }

    @Test("The agent with the lease fails it, and the same again changes nothing")
    func fail() throws {
        var command = leased()

        let first = try command.fail(reason: "market closed", by: "bot", at: now)
        let again = try command.fail(reason: "market closed", by: "bot", at: now + .seconds(3_600))

        #expect([first, again] == [.changed, .repeated])
        #expect(command.status == .failed)
        #expect(command.detail == "market closed")
    }

    @Test(
        "Without a running lease of one's own nothing is confirmed or failed",
        arguments: [
            (CloseCommand.Status.pending, "bot", 0, "is not leased: lease it first"),
            (.leased, "other", 0, "is leased to another agent"),
            (.leased, "bot", 30, "is not leased any more: its lease is over"),
            (.expired, "bot", 0, "has expired"),
        ])
    func refused(status: CloseCommand.Status, agent: String, seconds: Int64, clause: String) {
        let refusal = Problem.conflict("The close command cmd-1 \(clause).")
        let time = now + .seconds(seconds)

        #expect(throws: refusal) {
            var command = stored(status)
            _ = try command.confirm(price: "1960", closedAt: now, by: agent, at: time)
        }
        #expect(throws: refusal) {
            var command = stored(status)
            _ = try command.fail(reason: "no", by: agent, at: time)
        }
    }

    @Test("What has ended does not end otherwise")
    func endedOtherwise() throws {
        var confirmed = leased()
        _ = try confirmed.confirm(price: "1960", closedAt: now, by: "bot", at: now)
        var failed = leased()
        _ = try failed.fail(reason: "no", by: "bot", at: now)

        #expect(throws: Problem.conflict("The close command cmd-1 has been confirmed with other content.")) {
            try confirmed.confirm(price: "1961", closedAt: now, by: "bot", at: now)
        }
        #expect(throws: Problem.conflict("The close command cmd-1 has been confirmed with other content.")) {
            try confirmed.confirm(price: "1960", closedAt: now + .seconds(1), by: "bot", at: now)
        }
        #expect(throws: Problem.conflict("The close command cmd-1 has been confirmed already.")) {
            try confirmed.confirm(price: "1960", closedAt: now, by: "other", at: now)
        }
        #expect(throws: Problem.conflict("The close command cmd-1 has been confirmed already.")) {
            try confirmed.fail(reason: "no", by: "bot", at: now)
        }
        #expect(throws: Problem.conflict("The close command cmd-1 has failed for another reason.")) {
            try failed.fail(reason: "yes", by: "bot", at: now)
        }
        #expect(throws: Problem.conflict("The close command cmd-1 has failed already.")) {
            try failed.confirm(price: "1960", closedAt: now, by: "bot", at: now)
        }
    }

    @Test("Its ID follows from account, trip and ticket")
    func identity() {
        let id = CloseCommand.id(account: "a", trip: "t", ticket: 1)

        #expect(id == CloseCommand.id(account: "a", trip: "t", ticket: 1))
        let others = [("b", "t", 1), ("a", "u", 1), ("a", "t", 2)].map {
            CloseCommand.id(account: $0.0, trip: $0.1, ticket: Int64($0.2))
        }
        #expect(Set(others + [id]).count == 4)
    }

    private func leased() -> CloseCommand { stored(.leased) }

    private func stored(_ status: CloseCommand.Status) -> CloseCommand {
        CloseCommand(
            id: "cmd-1", account: "acc", tripID: "trip-1", ticket: 1, reason: .drawdown, status: status,
            agent: status == .leased ? "bot" : nil, leasedUntil: status == .leased ? now + .seconds(30) : nil)
    }
}
