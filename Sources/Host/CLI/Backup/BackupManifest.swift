import PluginAPI

/// What a backup is, beside it in `FILE.manifest.json`: enough to see whether the file is whole and what must come out of it.
struct BackupManifest: Sendable, Equatable {
    /// The program that made it.
    var version: String
    var createdAt: Timestamp
    /// The storage module it belongs to.
    var storage: ModuleDescriptor.ModuleID
    var bytesTotal: Int64
    /// Of the file, in hexadecimal.
    var sha256: String
    /// In the order they were applied.
    var migrations: [AppliedMigration]
    /// By name.
    var tables: [StoredTable]
    /// For people: what made the file.
    var notes: [String: String]

    /// Another one is refused by name.
    static let formatVersion: Int64 = 1
    static let bytesMax = 1 << 22

    static func path(of file: String) -> String { file + ".manifest.json" }

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("manifest", Self.formatVersion)
            json.field("concord", version)
            json.field("created_at", createdAt)
            json.field("storage", storage)
            json.field("bytes", bytesTotal)
            json.field("sha256", sha256)
            json.arrayField("migrations", of: migrations) { json, migration in
                json.object { json in
                    json.field("position", migration.position)
                    json.field("module", migration.module)
                    json.field("number", migration.number)
                    json.field("name", migration.name)
                    json.field("checksum", migration.checksum)
                }
            }
            json.arrayField("tables", of: tables) { json, table in
                json.object { json in
                    json.field("name", table.name)
                    json.field("rows", table.rowsTotal)
                    json.field("digest", table.digest)
                }
            }
            json.objectField("notes") { json in
                for (name, text) in notes.sorted(by: { $0.key < $1.key }) { json.field(name, text) }
            }
        }
        return json.bytes
    }
}

// MARK: - Reading

extension BackupManifest {
    /// - Throws: ``BackupRefused`` with what is wrong, as a clause that follows the file's name.
    init(parsing bytes: [UInt8]) throws(BackupRefused) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw BackupRefused("is no manifest: it \(error.detail) in line \(error.line)")
        }
        let format = try Self.number(json, "manifest")
        guard format == Self.formatVersion else {
            throw BackupRefused("is manifest \(format), which this program does not know; use the one that wrote it")
        }
        guard let createdAt = Timestamp(parsing: try Self.text(json, "created_at")) else {
            throw BackupRefused("has no good created_at")
        }
        self.init(
            version: try Self.text(json, "concord"), createdAt: createdAt, storage: try Self.text(json, "storage"),
            bytesTotal: try Self.number(json, "bytes"), sha256: try Self.text(json, "sha256"), migrations: [],
            tables: [], notes: [:])
        for each in json.elements("migrations") {
            migrations.append(
                AppliedMigration(
                    position: try Self.number(each, "position"), module: try Self.text(each, "module"),
                    number: Int(try Self.number(each, "number")), name: try Self.text(each, "name"),
                    checksum: try Self.text(each, "checksum")))
        }
        for each in json.elements("tables") {
            tables.append(
                StoredTable(
                    name: try Self.text(each, "name"), rowsTotal: try Self.number(each, "rows"),
                    digest: try Self.text(each, "digest")))
        }
        guard case .object(let members)? = json["notes"] else { throw BackupRefused("has no notes") }
        for member in members { notes[member.name] = try Self.text(.object([member]), member.name) }
    }

    private static func text(_ json: JSONValue, _ name: String) throws(BackupRefused) -> String {
        guard let text = json.text(name) else { throw BackupRefused("has no good \(name)") }
        return text
    }

    private static func number(_ json: JSONValue, _ name: String) throws(BackupRefused) -> Int64 {
        guard case .number(let text)? = json[name], let number = Int64(text), number >= 0 else {
            throw BackupRefused("has no good \(name)")
        }
        return number
    }
}

/// Why a backup is not made or not taken: something about the files or the command, not about the storage. Nothing was changed.
struct BackupRefused: Error, Equatable {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
