/// Rows of one kind as people read them who write SQL themselves: what SQL modules query instead of tables.
///
/// Its columns are a promise to those people and outlive changes of the tables behind it.
public struct StoredView: Sendable {
    /// Begins with `v_`: `v_positions`.
    public var name: String
    /// One sentence for the documentation.
    public var summary: String
    /// One of them is `account_id`: whose the row is, by which it is shown or not.
    public var columns: [Column]
    /// What follows `FROM`: a table of the module's own, or some joined.
    public var source: String

    /// One column of a view.
    public struct Column: Sendable {
        /// As statements name it.
        public var name: String
        /// What it holds.
        public var kind: ValueKind
        /// What its values are, as the view's `SELECT` spells it; the column's own name when it is not said.
        public var expression: String

        /// A column; see its members.
        public init(_ name: String, _ kind: ValueKind, as expression: String? = nil) {
            self.name = name
            self.kind = kind
            self.expression = expression ?? name
        }
    }

    /// - Precondition: The name begins with `v_`, and one of the columns is `account_id`.
    public init(_ name: String, from source: String, _ summary: String, columns: [Column]) {
        precondition(name.hasPrefix("v_"), "a view's name begins with v_")
        precondition(columns.contains { $0.name == "account_id" }, "a view says whose a row is: account_id")
        self.name = name
        self.summary = summary
        self.columns = columns
        self.source = source
    }
}

/// A module that shows what it stores to people who write SQL.
public protocol ViewProvider: Module {
    /// Known without an instance, so that statements can be checked before anything is opened.
    static var views: [StoredView] { get }
}
