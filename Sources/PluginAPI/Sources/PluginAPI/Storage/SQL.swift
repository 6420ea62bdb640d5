/// A statement whose values are bound, never spelled: interpolation makes parameters.
///
/// ```swift
/// let sql: SQL = "SELECT * FROM trades WHERE account_id = \(account) AND ticket IN (\(tickets))"
/// ```
///
/// The text is the common subset of SQLite 3.40 and PostgreSQL 15. A list parameter expands to one placeholder an
/// element; an empty list expands to `NULL`, which equals nothing. Where the two dialects must differ, see
/// ``init(sqlite:postgres:)``.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// A piece of the statement.
    public enum Part: Sendable {
        /// SQL as it stands.
        case text(String)
        /// A value, bound to a placeholder.
        case value(Value)
        /// Values between commas, each bound to a placeholder.
        case list([Value])
    }

    private let sqlite: [Part]
    /// `nil` when it is spelled as for SQLite.
    private let postgres: [Part]?

    /// The pieces for one dialect, in order.
    public func parts(for dialect: SQLDialect) -> [Part] {
        switch dialect {
        case .sqlite: sqlite
        case .postgres: postgres ?? sqlite
        }
    }

    public init(stringLiteral text: String) {
        self.init(parts: [.text(text)])
    }

    public init(stringInterpolation interpolation: Interpolation) {
        sqlite = interpolation.sqlite
        postgres = interpolation.postgres
    }

    /// A statement of these parts.
    public init(parts: [Part]) {
        sqlite = parts
        postgres = nil
    }

    /// A statement that must be spelled differently in the two dialects.
    public init(sqlite: SQL, postgres: SQL) {
        self.sqlite = sqlite.parts(for: .sqlite)
        self.postgres = postgres.parts(for: .postgres)
    }

    /// Two statements' texts behind each other, for clauses that are only sometimes there.
    public static func + (left: SQL, right: SQL) -> SQL {
        "\(left)\(right)"
    }

    /// Collects text and parameters from a string literal.
    public struct Interpolation: StringInterpolationProtocol {
        var sqlite: [Part] = []
        /// `nil` until something is spelled in another way than for SQLite.
        var postgres: [Part]?

        public init(literalCapacity: Int, interpolationCount: Int) {
            sqlite.reserveCapacity(interpolationCount * 2 + 1)
        }

        public mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { append(.text(literal)) }
        }

        /// Binds a value of any kind.
        public mutating func appendInterpolation(_ value: Value) { append(.value(value)) }
        /// Binds text.
        public mutating func appendInterpolation(_ value: String) { append(.value(.text(value))) }
        /// Binds text, or NULL.
        public mutating func appendInterpolation(_ value: String?) { append(.value(.text(value))) }
        /// Binds a whole number.
        public mutating func appendInterpolation(_ value: Int) { append(.value(.integer(Int64(value)))) }
        /// Binds a whole number.
        public mutating func appendInterpolation(_ value: Int64) { append(.value(.integer(value))) }
        /// Binds a whole number, or NULL.
        public mutating func appendInterpolation(_ value: Int64?) { append(.value(.integer(value))) }
        /// Binds a truth.
        public mutating func appendInterpolation(_ value: Bool) { append(.value(.boolean(value))) }
        /// Binds a decimal.
        public mutating func appendInterpolation(_ value: FixedDecimal) { append(.value(.decimal(value))) }
        /// Binds a decimal, or NULL.
        public mutating func appendInterpolation(_ value: FixedDecimal?) { append(.value(.decimal(value))) }
        /// Binds a time.
        public mutating func appendInterpolation(_ value: Timestamp) { append(.value(.timestamp(value))) }
        /// Binds a time, or NULL.
        public mutating func appendInterpolation(_ value: Timestamp?) { append(.value(.timestamp(value))) }
        /// Binds the text of a JSON value.
        public mutating func appendInterpolation(json value: String) { append(.value(.json(value))) }

        /// A list for `IN (…)`.
        public mutating func appendInterpolation(_ values: [String]) { append(.list(values.map { .text($0) })) }
        /// A list of whole numbers for `IN (…)`.
        public mutating func appendInterpolation(_ values: [Int64]) { append(.list(values.map { .integer($0) })) }
        /// A list of values of any kind for `IN (…)`.
        public mutating func appendInterpolation(_ values: [Value]) { append(.list(values)) }

        /// Another piece of SQL with its own parameters.
        public mutating func appendInterpolation(_ sql: SQL) {
            if let postgres = sql.postgres {
                self.postgres = (self.postgres ?? sqlite) + postgres
            } else {
                postgres?.append(contentsOf: sql.sqlite)
            }
            sqlite.append(contentsOf: sql.sqlite)
        }

        private mutating func append(_ part: Part) {
            postgres?.append(part)
            sqlite.append(part)
        }
    }
}

/// The two SQL dialects Concord speaks.
public enum SQLDialect: String, Sendable, CaseIterable {
    /// One of the two there are.
    case sqlite, postgres
}
