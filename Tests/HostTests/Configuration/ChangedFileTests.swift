import PluginAPI
import Synchronization
import Testing

@testable import Host

@Suite("A secret in a file is read again when it is needed again")
struct ChangedFileTests {
    private let folder = Folder()

    @Test("The file's part changes; variables and text stay as they were")
    func changes() throws {
        let secret = try url("postgresql://${env:ROLE}:${file:/pw}@db/$${x}", variables: ["ROLE": "ann"])
        #expect(secret.revealed() == "postgresql://ann:first@db/${x}")

        folder.write("${env:ROLE}\r\n", to: "/pw")

        #expect(try secret.current() == "postgresql://ann:${env:ROLE}@db/${x}")
        #expect(secret.revealed() == "postgresql://ann:first@db/${x}")
        #expect("\(secret)" == "•••")
    }

    @Test("A secret without a file stays as it was")
    func withoutFile() throws {
        let secret = try url("postgresql://ann:${env:ROLE}@db/x", variables: ["ROLE": "pw"])

        #expect(try secret.current() == "postgresql://ann:pw@db/x")
    }

    @Test(
        "A file that is gone or empty is said so, and its old content is not used",
        arguments: [
            (content: nil, reason: "the file /pw is not there"),
            (content: "", reason: "the file /pw is empty"),
            (content: "\n", reason: "the file /pw is empty"),
        ]
    )
    func unreadable(content: String?, reason: String) throws {
        let secret = try url("postgresql://ann:${file:/pw}@db/x")

        folder.write(content, to: "/pw")

        #expect(throws: SecretUnreadable(reason: reason)) { try secret.current() }
        folder.write("second", to: "/pw")
        #expect(try secret.current() == "postgresql://ann:second@db/x")
    }

    private func url(_ text: String, variables: [String: String] = [:]) throws -> Secret {
        folder.write("first\n", to: "/pw")
        var loader = ConfigurationLoader(catalog: .large, environment: variables)
        loader.readFile = folder.read
        let report = loader.load(
            ConfigurationSource(name: "c.yaml", text: "storage: { use: postgres, postgres: { url: '\(text)' } }"))
        let document = try #require(report.document, "\(report.text)")
        guard case .secret(let secret)? = document.setting(at: "storage.postgres.url")?.value else {
            Issue.record("the URL is no secret")
            return Secret("")
        }
        return secret
    }
}

/// Files that are not on any disk.
private final class Folder: Sendable {
    private let files = Mutex<[String: String]>([:])

    func write(_ content: String?, to path: String) { files.withLock { $0[path] = content } }

    @Sendable
    func read(_ path: String) -> Result<String, FileProblem> {
        files.withLock { $0[path] }.map { .success($0) } ?? .failure(FileProblem(detail: "is not there"))
    }
}
