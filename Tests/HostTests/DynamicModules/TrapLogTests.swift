import Foundation
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Traps of dynamic modules")
struct TrapLogTests {
    private static let digest = String(repeating: "ab", count: 32)
    private let directory: TemporaryDirectory
    private let log: TrapLog
    private let clock = ManualClock()
    private let source = DynamicModuleSource(id: "turnover", file: "turnover.so", digest: digest)

    init() throws {
        directory = try TemporaryDirectory()
        log = TrapLog(path: "\(directory.path)/traps")
    }

    /// As the handler of a signal writes it.
    private func trap(_ module: String = "turnover", _ digest: String = digest, ago: Int64 = 0) throws {
        let seconds = clock.now.microseconds / 1_000_000 - ago
        let known = (try? String(contentsOfFile: log.path, encoding: .utf8)) ?? ""
        let line = "trap \(seconds) \(module) \(digest) 4 12703\n"
        try Data((known + line).utf8).write(to: URL(fileURLWithPath: log.path))
    }

    @Test("sideline a module after the third within ten minutes, and no longer than those are recent")
    func sidelined() throws {
        defer { directory.remove() }
        #expect(log.reasonToSideline(source, at: clock.now) == nil)
        try trap(ago: 599)
        try trap(ago: 300)
        #expect(log.reasonToSideline(source, at: clock.now) == nil)
        try trap()
        let reason = try #require(log.reasonToSideline(source, at: clock.now))
        #expect(reason.contains("3 times in ten minutes"))
        clock.advance(by: .seconds(1))
        #expect(log.reasonToSideline(source, at: clock.now) == nil)
    }

    @Test("count for the same bytes and the same module alone")
    func others() throws {
        defer { directory.remove() }
        for _ in 0..<2 { try trap() }
        try trap("turnover", String(repeating: "cd", count: 32))
        try trap("other")
        #expect(log.reasonToSideline(source, at: clock.now) == nil)
        try trap()
        #expect(log.reasonToSideline(source, at: clock.now) != nil)
    }

    @Test("are news once")
    func news() throws {
        defer { directory.remove() }
        #expect(try log.takeNews(at: clock.now).isEmpty)
        try trap()
        try trap("other")
        #expect(try log.takeNews(at: clock.now).map(\.module) == ["turnover", "other"])
        #expect(try log.takeNews(at: clock.now).isEmpty)
        try trap("third")
        #expect(try log.takeNews(at: clock.now).map(\.module) == ["third"])
        #expect(log.records.count == 3)
    }

    @Test("that are many are forgotten once they no longer matter")
    func many() throws {
        defer { directory.remove() }
        let old = (0...1_000).map { _ in "trap 1000 turnover \(Self.digest) 4 1\n" }.joined()
        try Data(old.utf8).write(to: URL(fileURLWithPath: log.path))
        try trap()
        #expect(try log.takeNews(at: clock.now).count == 1_002)
        #expect(log.records.count == 1)
        #expect(try log.takeNews(at: clock.now).isEmpty)
    }

    @Test(
        "that are not whole lines are passed over",
        arguments: [
            "", "trap", "trap 1 2 3 4", "trap x turnover ab 4 1", "trap 1 turnover ab 4 1 more",
            "trap 99999999999999 a b 4 1",
        ])
    func broken(line: String) {
        #expect(TrapLog.Record(line: line) == nil)
    }

    @Test("need a file that can be written")
    func unwritable() {
        defer { directory.remove() }
        #expect(throws: (any Error).self) { try TrapLog(path: "/proc/nowhere/traps").takeNews(at: clock.now) }
    }
}
