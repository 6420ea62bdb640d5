/// Storage that runs reading statements of people it does not trust.
///
/// Such a statement reads views only, and of those only what its scope shows; it writes nothing, calls no function but the
/// portable ones of ``ScopedFunctions``, and is bounded. All of that is the database's own doing: what a statement says cannot
/// change it.
public protocol ScopedStorage: StorageBackend {
    /// Puts the views in place of those there were. Called after migrations and before ``rows(_:deadline:)``; repeating it is cheap.
    func provide(_ views: [StoredView]) async throws(StorageError)

    /// Takes the views out of the database, so that migrations can change the tables behind them.
    func removeViews() async throws(StorageError)

    /// The columns that a statement would answer with, without running it. Nothing in the database is different afterwards.
    ///
    /// - Parameters:
    ///   - sql: With values of the kinds that will be bound.
    ///   - views: What it may read, whether they are in place or not.
    ///   - isForPlatform: Whether it will be run under the scope of the platform.
    /// - Throws: ``StatementFault`` when it would be refused, ``StorageError`` when storage cannot tell.
    func inspect(_ sql: SQL, over views: [StoredView], isForPlatform: Bool) async throws -> [ScopedColumn]

    /// Runs a statement that ``inspect(_:over:isForPlatform:)`` has let pass.
    ///
    /// - Throws: ``ScopedOverflow`` when it answers more than it may, otherwise ``StorageError``.
    func rows(_ query: ScopedQuery, deadline: ContinuousClock.Instant?) async throws -> Rows
}

/// A statement and what it may see.
public struct ScopedQuery: Sendable {
    /// The statement; it names no accounts.
    public var sql: SQL
    /// Whose rows it sees.
    public var scope: Scope
    /// Rows it may answer at most.
    public var rowsMax: Int
    /// Bytes that the values it answers may take at most, each counted with 16 bytes more.
    public var bytesMax: Int

    /// Whose rows a statement sees.
    public enum Scope: Sendable, Equatable {
        /// Those of the accounts with these IDs.
        case accounts([String])
        /// Everybody's.
        case platform
    }

    /// A statement in its bounds.
    public init(_ sql: SQL, scope: Scope, rowsMax: Int, bytesMax: Int) {
        self.sql = sql
        self.scope = scope
        self.rowsMax = rowsMax
        self.bytesMax = bytesMax
    }
}

/// A column of a statement's answer.
public struct ScopedColumn: Sendable, Equatable {
    /// As the answer has it.
    public var name: String
    /// `nil` where the database does not tell.
    public var kind: ValueKind?

    /// A column of an answer.
    public init(name: String, kind: ValueKind?) {
        self.name = name
        self.kind = kind
    }
}

/// Why a statement would be refused.
public struct StatementFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// A clause: `no such column: volum`.
    public var detail: String
    /// Where in the statement, if the database says so.
    public var place: Place?

    /// A byte of a part of ``SQL/parts(for:)``.
    public struct Place: Equatable, Sendable {
        /// From 0, among all parts.
        public var part: Int
        /// From 0, in UTF-8 bytes of a part that is text; 0 in a value.
        public var offset: Int

        /// A place in a statement.
        public init(part: Int, offset: Int) {
            self.part = part
            self.offset = offset
        }
    }

    /// What is wrong, and where.
    public init(_ detail: String, at place: Place? = nil) {
        self.detail = detail
        self.place = place
    }

    public var description: String { detail }
}

/// A statement answered more than its query allows; nothing of the answer is kept.
public enum ScopedOverflow: Error, Equatable, Sendable {
    /// More rows than this.
    case rows(max: Int)
    /// More bytes than this.
    case bytes(max: Int)
}

/// The functions that statements under a scope may call. They mean the same in every storage.
public enum ScopedFunctions {
    /// Aggregates, window functions and functions of one row, in lower case. `coalesce` and `nullif` are functions in one
    /// dialect and words of the language in the other.
    public static let names: Set<String> = [
        "count", "sum", "min", "max", "abs", "coalesce", "nullif", "length", "lower", "upper", "trim", "ltrim", "rtrim",
        "substr",
        "replace", "like", "row_number", "rank", "dense_rank", "ntile", "lag", "lead", "first_value", "last_value",
        "nth_value", "dec", "dec_mul", "dec_div", "utc_day",
    ]
}
