import Dispatch
import HTTPTypes
import PluginAPI
import Testing

@testable import Host

@Suite("Operators disable and enable modules")
struct ModuleCommandsTests {
    @Test("A disabled module answers 503 with who did it, whatever is cached, and answers again when enabled")
    func switching() async throws {
        try await ReloadFixture.run("queries: [probe: { diary: NAME, ttl: 60s }]\n") { host in
            let before = [await host.ask().status.code, await host.ask().status.code]

            let off = try await host.turn("probe", isOn: false)
            let refused = await host.ask()
            let on = try await host.turn("probe", isOn: true)

            #expect(before == [200, 200] && off == .disabled && on == .ok)
            #expect(
                refused.status.code == 503 && refused.detail == "The service probe has been disabled by an operator.")
            #expect(await host.ask().status.code == 200)
            #expect(host.diary.lines == ["start a"])
        }
    }

    @Test("It stays disabled across reloads; one that is made anew is started when it is enabled")
    func reloads() async throws {
        try await ReloadFixture.run { host in
            try await host.turn("probe", isOn: false)
            try await host.reload()
            let carried = await host.ask().status.code
            host.writeProbe("answer: b")
            try await host.reload()
            let made = (await host.ask().status.code, host.diary.lines.contains("start b"))

            let on = try await host.turn("probe", isOn: true)

            #expect(carried == 503 && made == (503, false))
            #expect(on == .ok && host.diary.lines.contains("start b"))
            #expect(await host.ask().text == #"{"answer":"b"}"#)
        }
    }

    @Test("Health checks do not bring it back, and what it says of itself holds again afterwards")
    func health() async throws {
        try await ReloadFixture.run { host in
            try await host.turn("probe", isOn: false)
            await host.generations.current.modules.watchOnce()

            #expect(host.generations.current.modules.board["probe"] == .disabled)
            #expect(try await host.turn("probe", isOn: true) == .ok)
        }
    }

    @Test(
        "What others cannot do without, and what is not there, is refused with a sentence",
        arguments: [
            ("sqlite", 409, "storage in use"), ("memory", 409, "cache in use"), ("book", 409, "required by probe"),
            ("guards", 409, "does not load"), ("nothing", 404, "no module"),
        ])
    func refused(id: String, status: Int, part: String) async throws {
        try await ReloadFixture.run { host in
            let failure = await #expect(throws: Problem.self) { try await host.turn(id, isOn: false) }

            #expect(failure?.status == status && failure?.detail.contains(part) == true, "\(failure?.detail ?? "")")
            #expect(await host.ask().status.code == 200)
        }
    }

    @Test("A module is disabled while storage hangs, and the answer says that the audit log does not have it")
    func hangingStorage() async throws {
        try await ReloadFixture.run("limits: { request_timeout: 30s }\n") { host in
            let storage = host.generations.current.loaded.storage
            let (isHeld, mayEnd) = (Tally(), DispatchSemaphore(value: 0))
            let holding = Task {
                try await storage.transaction(deadline: .now + .seconds(3_600)) { _ in
                    isHeld.add()
                    mayEnd.wait()
                }
            }
            while isHeld.value < 1 { await Task.yield() }

            let off = await host.order(.post, "/admin/modules/probe/disable")
            let refused = await host.ask()
            mayEnd.signal()
            _ = await holding.result
            let on = await host.order(.post, "/admin/modules/probe/enable")

            #expect(off.status == .ok && off.text.contains(#""status":"disabled""#), "\(off.text)")
            #expect(off.text.contains(#""audited":false"#))
            #expect(refused.status == .serviceUnavailable)
            #expect(on.status == .ok && on.text.contains(#""audited":true"#), "\(on.text)")
        }
    }

    @Test("A module is disabled although whoever asked has gone before the audit log has it", .timeLimit(.minutes(1)))
    func requestGone() async throws {
        try await ReloadFixture.run { host in
            let foundation = host.generations.foundation
            let storage = host.generations.current.loaded.storage
            let (isHeld, mayEnd) = (Tally(), DispatchSemaphore(value: 0))
            let holding = Task {
                try await storage.transaction(deadline: .now + .seconds(3_600)) { _ in
                    isHeld.add()
                    mayEnd.wait()
                }
            }
            while isHeld.value < 1 { await Task.yield() }
            let commands = ModuleCommands(
                desk: foundation.modules, audit: AdminAudit(storage: storage), logger: foundation.logger("host"))
            let disable = commands.operations[0].handler

            let asking = Task {
                try await disable(
                    Request(
                        caller: Caller(subject: "root", role: .operator), parameters: ["id": .text("probe")],
                        now: foundation.clock.now,
                        cursors: NoCursors()))
            }
            asking.cancel()
            let outcome = await asking.result
            mayEnd.signal()
            _ = await holding.result

            #expect(throws: Never.self) { try outcome.get() }
            #expect(host.generations.current.modules.board["probe"] == .disabled)
            #expect(await host.ask().status == .serviceUnavailable)
        }
    }

    @Test("A module is disabled while a reload waits, and stays so when that takes over", .timeLimit(.minutes(1)))
    func duringReload() async throws {
        try await ReloadFixture.run { host in
            let (isHeld, door) = (Tally(), Door())
            host.writeProbe("answer: b")
            let reload = Task {
                try await host.reload { _, _ in
                    isHeld.add()
                    await door.pass()
                }
            }
            while isHeld.value < 1 { await Task.yield() }

            let off = try await host.turn("probe", isOn: false)
            let during = await host.ask().status
            door.open()
            _ = try await reload.value

            #expect(off == .disabled && during == .serviceUnavailable)
            #expect(await host.ask().status == .serviceUnavailable)
            #expect(try await host.turn("probe", isOn: true) == .ok)
            #expect(await host.ask().text == #"{"answer":"b"}"#)
        }
    }

    @Test("A module that is disabled while it waits to be enabled stays disabled", .timeLimit(.minutes(1)))
    func disabledMeanwhile() async throws {
        try await ReloadFixture.run { host in
            try await host.turn("probe", isOn: false)
            let (isHeld, door) = (Tally(), Door())
            let enabling = Task {
                let order = ModuleSwitch(id: "probe", isOn: true) { _ in
                    isHeld.add()
                    await door.pass()
                    return true
                }
                return try await host.generations.foundation.modules.turn(order)
            }
            while isHeld.value < 1 { await Task.yield() }

            let off = try await host.turn("probe", isOn: false)
            door.open()
            let failure = await #expect(throws: Problem.self) { try await enabling.value }

            #expect(off == .disabled)
            #expect(failure?.status == 409 && failure?.detail.contains("disabled meanwhile") == true)
            #expect(await host.ask().status == .serviceUnavailable)
        }
    }

    @Test(
        "A module whose health check has hung is asked anew when it is enabled, once it can be", .timeLimit(.minutes(1))
    )
    func hungHealth() async throws {
        try await ReloadFixture.run("queries: [probe: { diary: NAME, mood: deaf }]\n") { host in
            let modules = host.generations.current.modules
            await modules.watchOnce()

            let hung = try await host.turn("probe", isOn: true)
            host.diary.door.open()
            let check = modules.board.record(of: "probe").healthCheck
            #expect(await host.eventually { check.begin() })
            check.end()

            #expect(hung == .failed(reason: "its last health check has not come back"))
            #expect(try await host.turn("probe", isOn: true) == .ok)
        }
    }

    @Test("What cannot be written down is not done")
    func audit() async throws {
        try await ReloadFixture.run { host in
            let order = ModuleSwitch(id: "probe", isOn: false) { _ in throw ProbeModule.Trouble() }
            await #expect(throws: ProbeModule.Trouble.self) {
                try await host.generations.foundation.modules.turn(order)
            }

            #expect(await host.ask().status.code == 200)
        }
    }
}

extension ReloadFixture {
    @discardableResult
    fileprivate func turn(_ id: String, isOn: Bool) async throws -> ModuleStatus {
        try await generations.foundation.modules.turn(ModuleSwitch(id: id, isOn: isOn)).status
    }
}

private struct NoCursors: CursorSigner {
    func sign(_ lastRow: [Value]) -> String { "" }
}
