import Crypto
import PluginAPI

/// One migration of one module, with the ID and the digest under which the database remembers it.
struct MigrationStep: Sendable, Equatable {
    let module: String
    let migration: Migration

    /// `module/0001`.
    var id: String { MigrationStep.id(module: module, number: migration.number) }

    /// SHA-256 over both directions, so that a text that was applied cannot be edited unnoticed.
    var checksum: String {
        var hash = SHA256()
        hash.update(data: Array(migration.up.utf8))
        hash.update(data: [0])
        hash.update(data: Array(migration.down.utf8))
        return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    static func id(module: String, number: Int) -> String {
        let digits = String(number)
        return "\(module)/" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// What `migrate status` says of one migration.
struct MigrationStatus: Sendable, Equatable {
    enum State: String, Sendable {
        case applied
        case pending
        /// Applied with another text than the program has.
        case changed
        /// In the database only: it is newer than the program.
        case unknown
    }

    let id: String
    let name: String
    let state: State
}
