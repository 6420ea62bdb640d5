import Foundation
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("A backup is a file and its manifest")
struct BackupFileTests {
    private let manifest = BackupManifest(
        version: "1.0.0", createdAt: Timestamp(microseconds: 1_767_607_200_000_001), storage: "sqlite", bytesTotal: 5,
        sha256: "ab",
        migrations: [AppliedMigration(position: 1, module: "book", number: 1, name: "a \"b\"", checksum: "c")],
        tables: [StoredTable(name: "trades", rowsTotal: 3, digest: "d")], notes: ["sqlite": "3.40.1"])

    @Test("A manifest is read as it was written")
    func manifests() throws {
        #expect(try BackupManifest(parsing: manifest.json) == manifest)
    }

    @Test(
        "A manifest that lacks something is refused by its name",
        arguments: [
            ("\"manifest\":1", "\"manifest\":7", "manifest 7"), ("\"bytes\":5", "\"bytes\":-5", "bytes"),
            ("\"sha256\":\"ab\"", "\"sha256\":null", "sha256"), ("\"rows\":3", "\"rows\":\"3\"", "rows"),
            ("\"checksum\":\"c\"", "\"x\":\"c\"", "checksum"), ("\"notes\":{", "\"remarks\":{", "notes"),
            ("2026-01-05", "yesterday", "created_at"), ("{", "", "is no manifest"),
        ])
    func mistakes(written: String, instead: String, named: String) throws {
        let text = String(decoding: manifest.json, as: UTF8.self)
        let range = try #require(text.firstRange(of: written))
        let changed = text.replacingCharacters(in: range, with: instead)

        #expect {
            try BackupManifest(parsing: Array(changed.utf8))
        } throws: {
            ($0 as? BackupRefused)?.reason.contains(named) == true
        }
    }

    @Test("Every table that differs is named with why")
    func differences() {
        func table(_ name: String, _ rows: Int64, _ digest: String = "d") -> StoredTable {
            StoredTable(name: name, rowsTotal: rows, digest: digest)
        }
        let expected = [table("a", 1), table("b", 2), table("c", 3), table("d", 4)]

        let found = [table("a", 1), table("b", 1), table("c", 3, "e"), table("f", 0)]

        #expect(
            StorageCopies.differences(found, expected) == [
                "b has 1 rows instead of 2", "c has other content", "d is not there", "f was not in the backup",
            ])
        #expect(StorageCopies.differences(expected, expected) == [])
    }

    @Test("A file appears whole with its manifest, readable by its owner only, and is not replaced without being told")
    func publishing() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = folder.path + "/a"
        try Data("left over".utf8).write(to: URL(fileURLWithPath: path + ".partial"))

        let file = try BackupFile(path: path, mayReplace: false)
        #expect(throws: BackupRefused("another command is writing \(path).partial now")) {
            try BackupFile(path: path, mayReplace: false)
        }
        #expect(try contents(file.partial) == "")
        try Data("whole".utf8).write(to: URL(fileURLWithPath: file.partial))
        try file.publish(manifest)

        #expect(try names(in: folder.path) == ["a", "a.manifest.json"])
        #expect(try contents(path) == "whole")
        #expect(try BackupManifest(parsing: Array(contents(path + ".manifest.json").utf8)) == manifest)
        for name in [path, path + ".manifest.json"] {
            #expect(try FileManager.default.attributesOfItem(atPath: name)[.posixPermissions] as? Int == 0o600)
        }
        #expect(throws: BackupRefused.self) { try BackupFile(path: path, mayReplace: false) }
        try BackupFile(path: path, mayReplace: true).publish(manifest)
        #expect(try contents(path) == "")
    }

    @Test("A file that came meanwhile is not replaced, and what is discarded leaves nothing")
    func racing() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = folder.path + "/a"
        let file = try BackupFile(path: path, mayReplace: false)
        try Data("another's".utf8).write(to: URL(fileURLWithPath: path))

        #expect(throws: BackupRefused.self) { try file.publish(manifest) }
        file.discard()

        #expect(try names(in: folder.path) == ["a"])
        #expect(try contents(path) == "another's")
    }

    @Test("What a killed backup's program still writes does not come into the next one")
    func orphans() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = folder.path + "/a"
        try Data("half".utf8).write(to: URL(fileURLWithPath: path + ".partial"))
        let orphan = try #require(FileHandle(forWritingAtPath: path + ".partial"))

        let file = try BackupFile(path: path, mayReplace: false)
        try orphan.write(contentsOf: Data("late".utf8))

        #expect(try contents(file.partial) == "")
        file.discard()
        #expect(try names(in: folder.path) == [])
    }

    @Test("A manifest whose way into place was cut off is found, gets its name, and is not taken back")
    func cutOff() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = folder.path + "/a"
        try BackupFile(path: path, mayReplace: false).publish(manifest)
        let file = try BackupFile(path: path, mayReplace: true)
        try Data("whole".utf8).write(to: URL(fileURLWithPath: file.partial))
        var right = manifest
        right.sha256 = try FileDigest(of: file.partial).sha256
        // In the manifest's way, so that only the file comes into place.
        try FileManager.default.removeItem(atPath: path + ".manifest.json")
        try FileManager.default.createDirectory(atPath: path + ".manifest.json", withIntermediateDirectories: false)
        #expect(throws: BackupFailure.self) { try file.publish(right) }
        file.discard()
        try FileManager.default.removeItem(atPath: path + ".manifest.json")
        try Data(manifest.json).write(to: URL(fileURLWithPath: path + ".manifest.json"))

        let found = try PublishedManifest.find(of: path)
        #expect(found.manifest == right)
        #expect(found.name == path + ".manifest.json.partial")
        try BackupFile(path: path, mayReplace: true).discard()
        #expect(try names(in: folder.path) == ["a", "a.manifest.json"])
        #expect(try PublishedManifest.find(of: path).manifest == right)

        try Data("other".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: BackupRefused("\(path) was altered: its SHA-256 is not the one in its manifest")) {
            try PublishedManifest.find(of: path)
        }
    }

    @Test(
        "What the storage consists of is known by every name",
        arguments: ["db", "./db", "link", "hard", "up/db", "db-wal"])
    func ownFiles(name: String) throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let (files, at) = (FileManager.default, folder.path + "/")
        try Data("stored".utf8).write(to: URL(fileURLWithPath: at + "db"))
        try files.createSymbolicLink(atPath: at + "link", withDestinationPath: at + "db")
        try files.createSymbolicLink(atPath: at + "up", withDestinationPath: folder.path)
        try files.linkItem(atPath: at + "db", toPath: at + "hard")
        let own = OwnFiles(paths: [at + "db", at + "db-wal"])

        #expect(throws: BackupRefused.self) { try BackupFile(path: at + name, mayReplace: true, sparing: own) }
        #expect(try contents(at + "db") == "stored")
        #expect(!own.contains(at + "other"))
        #expect(!own.contains(at + "missing/db"))
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
