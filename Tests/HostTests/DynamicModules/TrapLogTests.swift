import Foundation
import Glibc
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

    @Test("are news until they are told")
    func news() throws {
        defer { directory.remove() }
        #expect(log.news.isEmpty)
        try trap()
        try trap("other")
        #expect(log.news.map(\.module) == ["turnover", "other"])
        #expect(log.news.count == 2)
        try log.markTold(at: clock.now)
        #expect(log.news.isEmpty)
        try trap("third")
        #expect(log.news.map(\.module) == ["third"])
        #expect(log.records.count == 3)
    }

    @Test("are read whatever stands around them: a line that was cut off, and other ends of lines")
    func surroundings() throws {
        defer { directory.remove() }
        let line = "trap \(clock.now.microseconds / 1_000_000) turnover \(Self.digest) 4 1"
        try Data("\(line)\r\n\(line)\ntrap 17957".utf8).write(to: URL(fileURLWithPath: log.path))
        try log.markTold(at: clock.now)
        #expect(log.news.isEmpty)
        try trap()
        #expect(log.records.count == 3)
        #expect(log.news.count == 1)
    }

    @Test("of a clock that was ahead sideline nobody")
    func future() throws {
        defer { directory.remove() }
        for _ in 0..<3 { try trap(ago: -3_600) }
        #expect(log.reasonToSideline(source, at: clock.now) == nil)
    }

    @Test("that are many are forgotten once they no longer matter, in the same file")
    func many() throws {
        defer { directory.remove() }
        let old = (0..<6_000).map { _ in "trap 1000 turnover \(Self.digest) 4 1\n" }.joined()
        try Data(old.utf8).write(to: URL(fileURLWithPath: log.path))
        try trap()
        let writer = try log.open()
        defer { close(writer) }
        #expect(log.news.count == 6_001)
        try log.markTold(at: clock.now)
        #expect(log.records.count == 1)
        #expect(log.news.isEmpty)
        let line = Array("\ntrap \(clock.now.microseconds / 1_000_000) other \(Self.digest) 4 1\n".utf8)
        #expect(write(writer, line, line.count) == line.count)
        #expect(log.news.map(\.module) == ["other"])
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
        #expect(throws: FileProblem.self) { try TrapLog(path: "/proc/nowhere/traps").markTold(at: clock.now) }
        #expect(throws: FileProblem.self) { try TrapLog(path: "/dev/null").markTold(at: clock.now) }
    }
}
