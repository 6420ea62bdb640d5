public import PluginAPI

/// A table that PostgreSQL keeps in partitions, one a month of the moment its rows arrived; SQLite keeps it whole.
public struct PartitionedTable: Sendable {
    public let name: String
    /// The column of the moment.
    public let column: String
    /// How long rows are kept; `nil` is for ever.
    public let keep: Duration?
    /// What an answer that showed such rows depends on.
    public let makesStale: [CacheTag]

    public init(_ name: String, by column: String, keep: Duration?, makesStale: [CacheTag]) {
        self.name = name
        self.column = column
        self.keep = keep
        self.makesStale = makesStale
    }

    /// Rows that arrived before this moment are past their keeping.
    public func keptSince(at now: Timestamp) -> Timestamp? { keep.map { now - $0 } }
}

/// A part of a table as the database has it.
public struct Partition: Sendable, Equatable {
    public let name: String
    /// The moments it takes, from `from` on and before `to`; `nil` is without end on that side.
    public let from: Timestamp?
    public let to: Timestamp?
    /// Takes what no other takes.
    public let isDefault: Bool
    /// What the server's statistics say.
    public let rowsEstimate: Int64
    /// With its indexes.
    public let bytes: Int64

    init(_ row: Row) {
        name = row.text("name") ?? ""
        from = row.timestamp("lower_bound")
        to = row.timestamp("upper_bound")
        isDefault = row.boolean("is_default") ?? false
        rowsEstimate = row.integer("rows_estimate") ?? 0
        bytes = row.integer("bytes") ?? 0
    }

    /// Whether every moment it can hold is before `moment`.
    public func isWhollyBefore(_ moment: Timestamp?) -> Bool {
        guard let moment, let to, !isDefault else { return false }
        return to <= moment
    }
}
