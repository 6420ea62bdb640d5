import Foundation
import PluginAPI
import PluginTesting
import StorageWork
import Testing

@testable import PostgresStorage

extension AllTests {
    @Suite("The tools of a backup")
    struct BackupTools {
        private let script = """
            \\restrict abc
            SET a = 1;

            COPY public.t (x, y) FROM stdin;
            1\t\\N
            \\.x
            COPY public.u (x) FROM stdin;
            \\.

            COPY public.e (x) FROM stdin;
            \\.


            CREATE INDEX i ON t (x);
            \\unrestrict abc

            """

        private let steps: [DumpScript.Step] = [
            .statements("SET a = 1;\n\n"), .copy("COPY public.t (x, y) FROM stdin;"),
            .rows(Array("1\t\\N\n\\.x\nCOPY public.u (x) FROM stdin;\n".utf8)), .endOfRows,
            .copy("COPY public.e (x) FROM stdin;"), .endOfRows, .statements("\n\nCREATE INDEX i ON t (x);\n"),
        ]

        @Test("A script is taken apart alike in whatever pieces it comes", arguments: [1, 2, 7, 10_000])
        func pieces(size: Int) throws {
            var parser = DumpScript()
            var found: [DumpScript.Step] = []
            var bytes = Array(script.utf8)[...]
            while !bytes.isEmpty {
                found += parser.take(bytes.prefix(size))
                bytes = bytes.dropFirst(size)
            }
            let rest = parser.finish()
            found += try #require(rest)

            #expect(found.joinedRows == steps)
        }

        @Test("A script that stops among rows is no script")
        func cut() {
            var parser = DumpScript()
            _ = parser.take(Array("COPY t (x) FROM stdin;\n1\n".utf8)[...])

            let rest = parser.finish()
            #expect(rest == nil)
        }

        @Test("Tools are told the server that was connected to, and no secret")
        func parameters() throws {
            let place = try ToolConnection(
                [
                    ("host", "a,b"), ("port", "1,2"), ("user", "o'brien\\"), ("password", "hunter2"), ("dbname", "x"),
                    ("sslmode", "verify-full"), ("sslrootcert", "/ca file.pem"), ("target_session_attrs", "read-write"),
                    ("options", ""), ("client_encoding", "UTF8"),
                ], place: (host: "b", port: "2"), password: "hunter2")

            #expect(
                place.parameters
                    == #"host='b' port='2' user='o\'brien\\' dbname='x' sslmode='verify-full' sslrootcert='/ca file.pem'"#
            )
            #expect(place.environment == ["PGPASSWORD": "hunter2"])
            #expect(throws: ModuleError.self) {
                try ToolConnection([("sslpassword", "hunter2")], place: (host: "", port: ""), password: "")
            }
        }

        @Test("The first tool that is new enough is taken: on PATH, else of the server's version")
        func finding() throws {
            let folder = try TemporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: folder.path) }
            func install(_ version: String, in name: String) throws -> String {
                let path = "\(folder.path)/\(name)"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                try "#!/bin/sh\necho 'pg_dump (PostgreSQL) \(version) (Debian)'\n"
                    .write(toFile: path + "/pg_dump", atomically: true, encoding: .utf8)
                chmod(path + "/pg_dump", 0o755)
                return path
            }
            func found(_ folders: [String], _ server: Int) throws -> String {
                let places = ServerTool.Places(folders: folders, versions: folder.path + "/versions")
                return try ServerTool.find("pg_dump", serverMajor: server, in: places, for: Waiting()).version
            }
            let (old, new) = (try install("13.4", in: "old"), try install("16.2", in: "new"))
            _ = try install("15.18", in: "versions/15/bin")

            #expect(try found([old, new], 15) == "16.2")
            #expect(try found([old], 15) == "15.18")
            #expect(try found([folder.path + "/nothing"], 15) == "15.18")
            #expect {
                try found([old], 17)
            } throws: { error in
                let text = "\(error)"
                return text.contains("postgresql-client-17") && text.contains("old/pg_dump is 13.4")
            }
            #expect { try found([], 17) } throws: { "\($0)".contains("none was found on PATH") }
        }

        @Test(
            "A version is read out of what a tool says",
            arguments: [
                ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18"),
                ("pg_dump (PostgreSQL) 17beta1", "17"),
                ("pg_dump", nil),
            ] as [(String, String?)])
        func version(text: String, version: String?) {
            #expect(ServerTool.version(in: text) == version)
        }

        @Test("A program's complaint and exit code are told, and it ends when its caller has gone")
        func processes() throws {
            let end = try ChildProcess(
                "/bin/sh", ["-c", "echo \"$WORD\" >&2; exit 7"], environment: ["WORD": "no luck"]
            )
            .wait(for: Waiting())
            #expect(end.code == 7)
            #expect(end.complaint == "no luck")

            let sleeping = try ChildProcess("/bin/sleep", ["600"])
            #expect(throws: StorageError.timedOut) { try sleeping.wait(for: Gone()) }
            #expect(throws: ModuleError.self) { try ChildProcess("/nothing/at/all", []) }
        }
    }
}

extension [DumpScript.Step] {
    /// Rows that follow each other as one step.
    fileprivate var joinedRows: [DumpScript.Step] {
        reduce(into: []) { steps, step in
            if case .rows(let more) = step, case .rows(let before)? = steps.last {
                steps[steps.count - 1] = .rows(before + more)
            } else {
                steps.append(step)
            }
        }
    }
}

private final class Waiting: Interruptible {
    var isOver: Bool { false }
}

private final class Gone: Interruptible {
    var isOver: Bool { true }
}
