public import PluginAPI

/// The partitions of one table on PostgreSQL: lists them, makes those of months to come, drops those that are over.
///
/// Changes run one at a time over all hosts, as migrations do. Each waits for its locks for a second at most, because whoever
/// comes behind it in the queue for the table waits as long.
public struct MonthlyPartitions: Sendable {
    /// How many months there are partitions for besides the current one.
    public static let monthsAhead = 3

    private let table: PartitionedTable
    private let storage: any StorageBackend

    public init(of table: PartitionedTable, in storage: any StorageBackend) {
        self.table = table
        self.storage = storage
    }

    /// Every partition, the oldest first and the default one last; none where the table is whole.
    public func list() async throws(StorageError) -> [Partition] {
        guard storage.dialect == .postgres else { return [] }
        return try await storage.rows(Self.catalog(table.name)).map(Partition.init)
    }

    /// Makes what is missing of the current month and `monthsAhead` more, and of months whose rows have gone into the default
    /// partition, which are moved.
    ///
    /// - Parameter bytesMovedMax: Nothing is made while the default partition takes more, because moving its rows takes time.
    /// - Returns: The names of those made, the oldest first.
    @discardableResult
    public func create(
        at now: Timestamp,
        monthsAhead: Int = monthsAhead,
        bytesMovedMax: Int64 = .max
    ) async throws -> [String] {
        let there = try await list()
        guard !there.isEmpty, there.filter(\.isDefault).allSatisfy({ $0.bytes <= bytesMovedMax }) else { return [] }
        let months = try await storage.rows(wanted(at: now, monthsAhead, there)).compactMap(Month.init)
        var made: [String] = []
        for month in months where !month.isCovered(by: there) {
            let isMade = try await storage.migrationTransaction { try attach(month, in: $0) }
            if isMade { made.append(name(of: month)) }
        }
        return made
    }

    /// Drops partitions with all their rows.
    ///
    /// - Parameter condition: Which ones; the default partition is never among them. Asked once more under the lock.
    /// - Returns: Those dropped, as they were, the oldest first.
    public func drop(where condition: @escaping @Sendable (Partition) -> Bool) async throws -> [Partition] {
        var dropped: [Partition] = []
        for partition in try await list() where !partition.isDefault && condition(partition) {
            let isDropped = try await storage.migrationTransaction { transaction in
                try transaction.executeScript(Self.patience)
                guard let now = try current(in: transaction).first(where: { $0.name == partition.name }),
                    condition(now)
                else { return false }
                try transaction.executeScript("DROP TABLE \(Self.quoted(partition.name))")
                return true
            }
            if isDropped { dropped.append(partition) }
        }
        return dropped
    }

    private func current(in transaction: any Transaction) throws(StorageError) -> [Partition] {
        try transaction.rows(Self.catalog(table.name)).map(Partition.init)
    }

    /// - Returns: `false` when another host has made it meanwhile.
    private func attach(_ month: Month, in transaction: any Transaction) throws -> Bool {
        try transaction.executeScript(Self.patience)
        let there = try current(in: transaction)
        guard !month.isCovered(by: there) else { return false }
        let (whole, part, column) = (Self.quoted(table.name), Self.quoted(name(of: month)), Self.quoted(table.column))
        // Text of a `Timestamp`, so that nothing of it needs quoting.
        let (from, to) = ("'\(month.from)'", "'\(month.to)'")
        var script = "CREATE TABLE \(part) (LIKE \(whole) INCLUDING DEFAULTS);"
        if let rest = there.first(where: \.isDefault).map({ Self.quoted($0.name) }) {
            // Whoever has chosen the default partition for a row of this month would be refused by it afterwards, so that
            // nobody may be between choosing and writing.
            script += """
                LOCK TABLE ONLY \(whole) IN ACCESS EXCLUSIVE MODE;
                WITH moved AS (DELETE FROM \(rest) WHERE \(column) >= \(from) AND \(column) < \(to) RETURNING *)
                    INSERT INTO \(part) SELECT * FROM moved;
                """
        }
        script += "ALTER TABLE \(whole) ATTACH PARTITION \(part) FOR VALUES FROM (\(from)) TO (\(to))"
        try transaction.executeScript(script)
        return true
    }

    private func name(of month: Month) -> String { "\(table.name)_\(month.suffix)" }

    private static let patience = "SET LOCAL lock_timeout = '1s'"

    private static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

extension MonthlyPartitions {
    /// One that lacks statistics has what is counted since, or nothing.
    private static func catalog(_ table: String) -> SQL {
        """
        SELECT name, is_default, rows_estimate, bytes,
            CAST(substring(bounds FROM 'FROM \\(''([^'']+)''\\)') AS timestamptz) AS lower_bound,
            CAST(substring(bounds FROM 'TO \\(''([^'']+)''\\)') AS timestamptz) AS upper_bound
        FROM (
            SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' AS is_default,
                pg_get_expr(c.relpartbound, c.oid) AS bounds, pg_total_relation_size(c.oid) AS bytes,
                coalesce(nullif(pg_stat_get_live_tuples(c.oid), 0), greatest(CAST(c.reltuples AS bigint), 0)) AS rows_estimate
            FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
            WHERE p.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND p.relname = \(table) AND p.relkind = 'p'
        ) AS parts
        ORDER BY is_default, lower_bound, name
        """
    }

    private func wanted(at now: Timestamp, _ monthsAhead: Int, _ there: [Partition]) -> SQL {
        var strays = ""
        if let rest = there.first(where: \.isDefault) {
            let column = Self.quoted(table.column)
            strays = "UNION SELECT date_trunc('month', \(column), 'UTC') FROM \(Self.quoted(rest.name))"
        }
        return """
            SELECT month AS from_moment, month + interval '1 month' AS to_moment,
                to_char(month AT TIME ZONE 'UTC', 'YYYY_MM') AS suffix
            FROM (
                SELECT generate_series(
                    date_trunc('month', CAST(\(now) AS timestamptz), 'UTC'),
                    date_trunc('month', CAST(\(now) AS timestamptz), 'UTC') + \(monthsAhead) * interval '1 month',
                    interval '1 month') AS month \(SQL(parts: [.text(strays)]))
            ) AS months
            ORDER BY month
            """
    }

    /// A month of UTC.
    private struct Month: Sendable {
        let from: Timestamp
        let to: Timestamp
        /// `2026_01`.
        let suffix: String

        init?(_ row: Row) {
            guard let from = row.timestamp("from_moment"), let to = row.timestamp("to_moment"),
                let suffix = row.text("suffix")
            else { return nil }
            (self.from, self.to, self.suffix) = (from, to, suffix)
        }

        /// Whether a partition has any of its moments already; somebody may have made larger ones.
        func isCovered(by partitions: [Partition]) -> Bool {
            partitions.contains { partition in
                guard !partition.isDefault else { return false }
                return (partition.from.map { $0 < to } ?? true) && (partition.to.map { $0 > from } ?? true)
            }
        }
    }
}
