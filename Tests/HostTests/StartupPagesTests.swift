import Foundation
import Testing

@testable import Host

struct StartupPagesTests {
    @Test("Only code of files is given back: nothing that can be, or has been, written to")
    func code() {
        let map = """
            1000-2000 r--p 00000000 08:01 42         /usr/bin/concord
            2000-5000 r-xp 00001000 08:01 42         /usr/bin/concord
            5000-6000 rw-p 00004000 08:01 42         /usr/bin/concord
            7f0000001000-7f0000003000 r-xp 00000000 08:01 43   /usr/lib/a library.so
            7f0000004000-7f0000005000 r-xp 00000000 00:00 0    [vdso]
            7f0000006000-7f0000007000 r-xp 00000000 00:00 0
            7f0000008000-7f0000009000 rwxp 00000000 08:01 43   /usr/lib/patched.so
            nonsense r-xp 0 0 0 /x
            """

        #expect(StartupPages.code(in: map) == [0x2000..<0x5000, 0x7f00_0000_1000..<0x7f00_0000_3000])
    }

    @Test("What is given back is the process' no more, and the program goes on running")
    func givenBack() throws {
        let before = try mappedFiles()
        StartupPages.giveBack()
        let after = try mappedFiles()

        // Tests that run beside this one map some of it again meanwhile.
        #expect(after < before)
        #expect(StartupPages.code(in: "1-2 r-xp 0 0 0 /x") == [1..<2])
    }

    /// Kilobytes of files that the process has in memory.
    private func mappedFiles() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
    }
}
