import PluginAPI

/// A row of `schema_migrations`: a migration the database has.
struct AppliedMigration: Sendable, Equatable {
    /// Counts applied migrations from 1 in the order they were applied.
    let position: Int64
    let module: String
    let number: Int
    let name: String
    let checksum: String

    var id: String { MigrationStep.id(module: module, number: number) }
}

/// The table that remembers what was applied, as statements.
struct MigrationLog {
    let transaction: any Transaction

    private static let table = """
        CREATE TABLE schema_migrations (
            position {BIGINT} NOT NULL PRIMARY KEY,
            module {TEXT} NOT NULL,
            number {BIGINT} NOT NULL,
            name {TEXT} NOT NULL,
            checksum {TEXT} NOT NULL,
            applied_at {TIMESTAMP} NOT NULL,
            UNIQUE (module, number)
        )
        """

    private static let exists = SQL(
        sqlite: "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'",
        postgres: """
            SELECT count(*) FROM information_schema.tables
            WHERE table_schema = current_schema() AND table_name = 'schema_migrations'
            """
    )

    /// Every applied migration in the order it was applied; none in a database that was never migrated.
    func applied() throws(StorageError) -> [AppliedMigration] {
        guard try isThere() else { return [] }
        let rows = try transaction.rows(
            "SELECT position, module, number, name, checksum FROM schema_migrations ORDER BY position")
        return rows.compactMap { row in
            guard let position = row.integer(0), let module = row.text(1), let number = row.integer(2),
                let name = row.text(3), let checksum = row.text(4)
            else { return nil }
            return AppliedMigration(
                position: position, module: module, number: Int(clamping: number), name: name, checksum: checksum)
        }
    }

    func record(_ step: MigrationStep, at position: Int64, now: Timestamp) throws(StorageError) {
        if try !isThere() {
            try transaction.executeScript(Migration.script(MigrationLog.table, for: transaction.dialect))
        }
        try transaction.execute(
            """
            INSERT INTO schema_migrations (position, module, number, name, checksum, applied_at)
            VALUES (\(position), \(step.module), \(step.migration.number), \(step.migration.name), \(step.checksum), \(now))
            """)
    }

    /// Forgets a migration, and with the last one the table, so that undoing all leaves nothing behind.
    func remove(_ applied: AppliedMigration) throws(StorageError) {
        try transaction.execute("DELETE FROM schema_migrations WHERE position = \(applied.position)")
        let left = try transaction.rows("SELECT count(*) AS left_total FROM schema_migrations")
        if left.first?.integer(0) == 0 { try transaction.executeScript("DROP TABLE schema_migrations") }
    }

    private func isThere() throws(StorageError) -> Bool {
        try transaction.rows(MigrationLog.exists).first?.integer(0) == 1
    }
}
