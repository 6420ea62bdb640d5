import Foundation
import PluginAPI
import Testing

@testable import Host

@Suite("The secret that a development host makes for itself")
struct DevelopmentSecretTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "concord-\(UUID().uuidString)").path

    @Test("It is made once, readable by its owner only, and kept")
    func keeps() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = DevelopmentSecret(path: directory + "/deep/concord.db.jwt-secret")

        let first = try file.obtain()
        let second = try file.obtain()

        #expect(first == second)
        #expect(first.revealed().utf8.count == 64)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/deep") == ["concord.db.jwt-secret"])
    }

    @Test("Two databases have two secrets")
    func differ() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }

        #expect(
            try DevelopmentSecret(path: directory + "/a").obtain() != DevelopmentSecret(path: directory + "/b").obtain()
        )
    }

    @Test("One that others may read, or that is too short, is refused")
    func refuses() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = DevelopmentSecret(path: directory + "/a")
        _ = try file.obtain()

        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        #expect(throws: FileProblem.self) { try file.obtain() }

        try "short".write(toFile: file.path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        #expect(throws: FileProblem.self) { try file.obtain() }
    }

    @Test("A configuration is read from a regular file of a bounded size only")
    func boundedFiles() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try "12345".write(toFile: directory + "/f", atomically: false, encoding: .utf8)

        #expect(try TextFile.bytes(of: directory + "/f", max: 5).count == 5)
        #expect(throws: FileProblem(detail: "is larger than 4 bytes")) {
            try TextFile.bytes(of: directory + "/f", max: 4)
        }
        #expect(throws: FileProblem(detail: "is not a regular file")) { try TextFile.bytes(of: directory, max: 5) }
        #expect(throws: FileProblem(detail: "is not a regular file")) { try TextFile.bytes(of: "/dev/zero", max: 5) }
        #expect(throws: FileProblem(detail: "is not there")) { try TextFile.bytes(of: directory + "/g", max: 5) }
    }
}
