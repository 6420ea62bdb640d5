import PluginAPI

/// Brings a database's schema to where this program's modules want it, and back.
///
/// Modules come in dependency order, a module's migrations in ascending number. Each is applied in a transaction together
/// with its row in `schema_migrations`, so that what the table says is what is there.
struct Migrator: Sendable {
    private let storage: any StorageBackend
    private let clock: any HostClock
    private let steps: [MigrationStep]

    /// - Parameter modules: Every compiled-in module, in dependency order.
    /// - Throws: ``MigrationError/duplicate(id:)``.
    init(
        storage: any StorageBackend,
        clock: any HostClock,
        modules: [any Module.Type]
    ) throws(MigrationError) {
        let steps = modules.flatMap { module in
            module.migrations.sorted { $0.number < $1.number }
                .map { MigrationStep(module: module.descriptor.id, migration: $0) }
        }
        try self.init(storage: storage, clock: clock, steps: steps)
    }

    init(storage: any StorageBackend, clock: any HostClock, steps: [MigrationStep]) throws(MigrationError) {
        self.storage = storage
        self.clock = clock
        self.steps = steps
        var seen: Set<String> = []
        for step in steps where !seen.insert(step.id).inserted { throw .duplicate(id: step.id) }
    }

    /// Every migration, first those the program knows in their order, then those only the database has.
    func status() async throws -> [MigrationStatus] {
        let applied = try await applied()
        let checksums = Dictionary(applied.map { ($0.id, $0.checksum) }) { first, _ in first }
        let knownIDs = Set(steps.map(\.id))
        let known = steps.map { step in
            let state = checksums[step.id].map { $0 == step.checksum ? MigrationStatus.State.applied : .changed }
            return MigrationStatus(id: step.id, name: step.migration.name, state: state ?? .pending)
        }
        let unknown = applied.filter { !knownIDs.contains($0.id) }
        return known + unknown.map { MigrationStatus(id: $0.id, name: $0.name, state: .unknown) }
    }

    /// Migrations that ``up()`` would apply.
    /// - Throws: ``MigrationError`` when the database and the program do not fit together.
    func pending() async throws -> [String] {
        try pending(after: await applied())
    }

    /// Applies what is pending. - Returns: The IDs applied, in order; none when there was nothing to do.
    @discardableResult
    func up() async throws -> [String] {
        var done: [String] = []
        // Views would keep the tables behind them from being changed; who needs them puts them back.
        if try await !pending().isEmpty { try await (storage as? any ScopedStorage)?.removeViews() }
        while let id = try await applyNext() { done.append(id) }
        return done
    }

    /// Undoes the last applied migration, or every one applied after `target`, last first.
    ///
    /// - Parameter target: An applied migration's ID, which stays.
    /// - Returns: The IDs undone, in order.
    @discardableResult
    func down(to target: String? = nil) async throws -> [String] {
        let applied = try await applied()
        try check(applied)
        try await (storage as? any ScopedStorage)?.removeViews()
        guard let target else {
            guard let last = applied.last else { return [] }
            return [try await undo(last)]
        }
        guard let kept = applied.firstIndex(where: { $0.id.utf8.elementsEqual(target.utf8) }) else {
            throw MigrationError.notApplied(id: target)
        }
        var done: [String] = []
        for migration in applied[(kept + 1)...].reversed() { done.append(try await undo(migration)) }
        return done
    }

    private func applied() async throws -> [AppliedMigration] {
        try await storage.migrationTransaction { transaction in
            try MigrationLog(transaction: transaction).applied()
        }
    }

    /// Another host may have migrated meanwhile, so what is next is read in the transaction that applies it.
    private func applyNext() async throws -> String? {
        let now = clock.now
        return try await storage.migrationTransaction { transaction in
            let log = MigrationLog(transaction: transaction)
            let applied = try log.applied()
            try check(applied)
            guard let step = unapplied(applied).first else { return nil }
            try transaction.executeScript(Migration.script(step.migration.up, for: transaction.dialect))
            try log.record(step, at: (applied.last?.position ?? 0) + 1, now: now)
            return step.id
        }
    }

    private func undo(_ migration: AppliedMigration) async throws -> String {
        try await storage.migrationTransaction { transaction in
            let log = MigrationLog(transaction: transaction)
            // Nothing is undone behind another host's back.
            guard let last = try log.applied().last, last == migration,
                let step = steps.first(where: { $0.id == migration.id })
            else { throw MigrationError.notApplied(id: migration.id) }
            try transaction.executeScript(Migration.script(step.migration.down, for: transaction.dialect))
            try log.remove(migration)
            return step.id
        }
    }

    private func unapplied(_ applied: [AppliedMigration]) -> [MigrationStep] {
        let ids = Set(applied.map(\.id))
        return steps.filter { !ids.contains($0.id) }
    }

    /// What a schema with these migrations lacks to be this program's.
    /// - Throws: ``MigrationError`` when the two do not fit together.
    func pending(after applied: [AppliedMigration]) throws(MigrationError) -> [String] {
        try check(applied)
        return unapplied(applied).map(\.id)
    }

    private func check(_ applied: [AppliedMigration]) throws(MigrationError) {
        let known = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0) })
        let unknown = applied.filter { known[$0.id] == nil }
        guard unknown.isEmpty else { throw .databaseIsNewer(ids: unknown.map(\.id)) }
        for migration in applied where known[migration.id]?.checksum != migration.checksum {
            throw .checksumChanged(id: migration.id)
        }
        try checkOrder(applied)
    }

    /// Within a module numbers are applied in order; a step inserted before an applied one was never tried there.
    private func checkOrder(_ applied: [AppliedMigration]) throws(MigrationError) {
        for step in unapplied(applied) {
            let later = applied.first { $0.module == step.module && $0.number > step.migration.number }
            if let later { throw .outOfOrder(id: step.id, after: later.id) }
        }
    }
}
