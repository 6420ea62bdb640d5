public import PluginAPI
import StorageWork
import Synchronization

/// People who write SQL themselves read views in schemas of their own, as a role that may read nothing else.
extension PostgresStorageModule: ScopedStorage {
    /// Views stay in the database for all hosts; those of another version are replaced.
    ///
    /// - Throws: ``StorageError/statement(_:)`` with the server's words where the role cannot be made. Who may make roles then runs
    ///   `CREATE ROLE concord_query NOLOGIN; CREATE ROLE concord_platform NOLOGIN` and grants both.
    public func provide(_ views: [StoredView]) async throws(StorageError) {
        let schema: ScopedSchema
        do {
            schema = try await migrationTransaction { transaction in
                let schema = ScopedSchema(views, own: try Self.ownSchema(transaction))
                if try Self.isMissing(schema, transaction) { try Self.create(schema, transaction) }
                return schema
            }
        } catch {
            throw error as? StorageError ?? .statement("\(error)")
        }
        scopedSchema.withLock { $0 = schema }
    }

    public func removeViews() async throws(StorageError) {
        do {
            try await migrationTransaction { transaction in
                try transaction.executeScript(ScopedSchema.removalScript)
            }
        } catch {
            throw error as? StorageError ?? .statement("\(error)")
        }
    }

    public func inspect(_ sql: SQL, over views: [StoredView], isForPlatform: Bool) async throws -> [ScopedColumn] {
        do {
            try await transaction(deadline: .now + .seconds(10)) { transaction in
                guard let transaction = transaction as? PostgresTransaction else { return }
                let schema = ScopedSchema(views, own: try Self.ownSchema(transaction))
                if try Self.isMissing(schema, transaction) { try Self.create(schema, transaction) }
                let inspection = StatementInspection(sql, schema: schema)
                throw Inspected(columns: try inspection.columns(on: transaction.connection))
            }
        } catch let inspected as Inspected {
            return inspected.columns
        }
        return []
    }

    public func rows(_ query: ScopedQuery, deadline: ContinuousClock.Instant?) async throws -> Rows {
        let schema = try provided()
        let call = Call<Result<Rows, any Error>>(deadline: deadline) { .failure($0) }
        let path = schema.searchPath(isFiltered: query.scope != .platform)
        return try await submitted(
            BodyJob(
                kind: .scoped(searchPath: path, deadline: deadline),
                body: { transaction in
                    guard let transaction = transaction as? PostgresTransaction else { return .none }
                    do {
                        return try transaction.connection.rows(query)
                    } catch let failure as ServerFailure {
                        throw failure.error
                    }
                }, call: call))
    }

    private func provided() throws(StorageError) -> ScopedSchema {
        guard let schema = scopedSchema.withLock({ $0 }) else {
            throw .unavailable(reason: "no views are in place yet")
        }
        return schema
    }

    private static func ownSchema(_ transaction: any Transaction) throws(StorageError) -> String {
        try transaction.rows("SELECT current_schema()::text AS name").first?.text(0) ?? "public"
    }

    /// Stands as the schema's comment.
    private static func digest(of schema: ScopedSchema, _ transaction: any Transaction) throws -> String {
        let digest = try transaction.rows(
            "SELECT encode(sha256(convert_to(\(schema.script), 'UTF8')), 'hex') AS digest")
        return ScopedSchema.mark + (digest.first?.text(0) ?? "")
    }

    private static func create(_ schema: ScopedSchema, _ transaction: any Transaction) throws {
        try transaction.executeScript(ScopedSchema.roleScript)
        try transaction.executeScript(schema.script)
        let digest = try digest(of: schema, transaction)
        for name in [schema.filtered, schema.unfiltered] {
            try transaction.executeScript("COMMENT ON SCHEMA \(ScopedSchema.quoted(name)) IS '\(digest)'")
        }
    }

    private static func isMissing(_ schema: ScopedSchema, _ transaction: any Transaction) throws -> Bool {
        let sound = ScopedSchema.sound(schema, digest: try digest(of: schema, transaction))
        return try transaction.rows(sound).first?.integer(0) != 2
    }
}

/// What an inspection found; thrown, so that its transaction is rolled back.
private struct Inspected: Error {
    let columns: [ScopedColumn]
}
