import ArgumentParser
import BuiltIn
import NIOPosix
import PluginAPI

/// Makes backups of the configured storage and puts them back.
struct StorageCopies: Sendable {
    let storage: any BackupCapable
    /// What a backup must not be written over.
    let ownFiles: OwnFiles
    /// The cache that hosts share; not started.
    let sharedCache: (any SharedCache)?
    let migrator: Migrator
    let clock: any HostClock

    private var id: ModuleDescriptor.ModuleID { type(of: storage).descriptor.id }

    /// What of a copy is compared: its tables, and the schema they belong to.
    private struct Content: Sendable {
        var tables: [StoredTable]
        var migrations: [AppliedMigration]
        var notes: [String: String]

        init(_ copy: StoredCopy) throws {
            tables = copy.tables
            migrations = try MigrationLog(transaction: copy.transaction).applied()
            notes = copy.notes
        }
    }

    /// - Throws: ``BackupRefused`` when the configured storage has no backups of its own.
    init(_ configuration: HostConfiguration) throws {
        let made = try ModuleFactory.idle.make(configuration) { $0 }
        guard let storage = made.storage as? any BackupCapable else {
            throw BackupRefused("the storage module \(configuration.storage.id) makes no backups; use its server's own")
        }
        self.storage = storage
        ownFiles = OwnFiles(paths: BuiltInModules.files(of: storage))
        sharedCache = made.cache as? any SharedCache
        clock = SystemClock()
        migrator = try Migrator(storage: storage, clock: clock, modules: BuiltInModules.all)
    }

    /// Writes a backup and its manifest, both or neither.
    func backUp(into file: BackupFile) async throws -> BackupManifest {
        do {
            let id = id
            let content = try await storage.backUp(into: file.partial) { copy in
                // Nothing could be restored from that; the storage is a new one, or not the one that is meant.
                guard !copy.tables.isEmpty else {
                    throw BackupRefused(
                        "the storage has no tables, so that there is nothing to back up; see whether storage.\(id) in the "
                            + "configuration is the right one; a new one is filled by: concord migrate up")
                }
                return try Content(copy)
            }
            let digest = try await Self.offPool { try FileDigest(of: file.partial) }
            let manifest = BackupManifest(
                version: HostAssembly.version, createdAt: clock.now, storage: id, bytesTotal: digest.bytesTotal,
                sha256: digest.sha256, migrations: content.migrations, tables: content.tables, notes: content.notes)
            try Task.checkCancellation()
            try file.publish(manifest)
            return manifest
        } catch {
            file.discard()
            throw error
        }
    }

    /// Reads a backup's manifest and checks that the file is the one it speaks of.
    func check(_ path: String) async throws -> BackupManifest {
        let found = try await Self.offPool { try PublishedManifest.find(of: path) }
        guard found.manifest.storage == id else {
            throw BackupRefused(
                "\(path) is a backup of the storage module \(found.manifest.storage), and storage.use is \(id)")
        }
        if found.name != BackupManifest.path(of: path) {
            Console.diagnostic(
                "concord: the manifest of \(path) is \(found.name): the backup was ended while it was put into place; "
                    + "rename it to \(BackupManifest.path(of: path))")
        }
        return found.manifest
    }

    /// Puts a checked backup back.
    /// - Returns: Migrations that are pending then.
    func restore(_ path: String, _ manifest: BackupManifest, to place: RestorePlace) async throws -> [String] {
        let pending: [String]
        do {
            pending = try migrator.pending(after: manifest.migrations)
        } catch {
            throw BackupRefused("the schema of \(path) does not fit: \(error)")
        }
        try await storage.restore(from: path, to: place) { copy in
            let content = try Content(copy)
            let differences = Self.differences(content.tables, manifest.tables)
            guard differences.isEmpty, content.migrations == manifest.migrations else {
                let what = differences.isEmpty ? ["schema_migrations"] : differences
                throw BackupRefused(
                    "what came out of \(path) is not what its manifest says: \(what.joined(separator: "; "))")
            }
        }
        return pending
    }

    /// Tables that are not as they should be, each with why.
    static func differences(_ found: [StoredTable], _ expected: [StoredTable]) -> [String] {
        let byName = Dictionary(found.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(expected.map(\.name))
        let wrong = expected.compactMap { table -> String? in
            guard let other = byName[table.name] else { return "\(table.name) is not there" }
            if other.rowsTotal != table.rowsTotal {
                return "\(table.name) has \(other.rowsTotal) rows instead of \(table.rowsTotal)"
            }
            return other.digest == table.digest ? nil : "\(table.name) has other content"
        }
        return wrong + found.filter { !names.contains($0.name) }.map { "\($0.name) was not in the backup" }
    }

    private static func offPool<Output: Sendable>(_ work: @escaping @Sendable () throws -> Output) async throws
        -> Output
    {
        try await NIOThreadPool.singleton.runIfActive(work)
    }
}

extension StorageCopies {
    /// Runs a command's work; why it did not go well ends the command on standard error.
    static func orExit<Output: Sendable>(
        _ work: @escaping @Sendable () async throws -> Output
    ) async throws -> Output {
        func end(_ reason: String, _ code: ExitCode) -> ExitCode {
            Console.diagnostic("concord: \(reason)")
            return code
        }
        do {
            return try await Interruption.watch(work)
        } catch is Interrupted {
            throw end("interrupted; nothing was changed", ExitStatus.failed)
        } catch let refused as BackupRefused {
            throw end(refused.reason, ExitStatus.badInput)
        } catch let occupied as RestorePlaceOccupied {
            throw end("\(occupied.reason); restore into an empty one, or say --replace", ExitStatus.badInput)
        } catch ModuleError.unavailable(let reason) {
            throw end(reason, ExitStatus.failed)
        } catch {
            throw end("\(error)", ExitStatus.failed)
        }
    }
}
