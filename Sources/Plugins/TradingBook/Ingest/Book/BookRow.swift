import PluginAPI

/// What makes a row of the bot's book unique: the account and the ID within it.
struct BookKey: Hashable {
    var account: String
    var id: String
}

/// A row of the bot's book, and how it lies in its table.
protocol BookRow: Sendable, Equatable {
    static var table: String { get }
    /// Account and ID first, as the primary key has them.
    static var columns: [String] { get }
    /// Columns that are written once, when the row is inserted, behind ``columns``.
    static var stamps: [String] { get }
    var key: BookKey { get }
    var values: [Value] { get }
    /// What its instrument is called, where the row keeps the canonical symbol beside it.
    var symbolToResolve: String? { get }
    /// With the canonical symbol that the book gives.
    func resolved(by book: InstrumentBook) -> Self
    init(stored row: Row) throws
    /// Brings what other tables hold of rows up to date once they are written.
    static func follow(_ changes: [BookChange<Self>], in transaction: any Transaction) throws
}

/// A row that was written, and what was there before.
struct BookChange<Entry: BookRow> {
    var before: Entry?
    var after: Entry
}

extension BookRow {
    var symbolToResolve: String? { nil }
    func resolved(by book: InstrumentBook) -> Self { self }
    static func follow(_ changes: [BookChange<Self>], in transaction: any Transaction) throws {}

    /// Inserts a row or replaces everything but its stamps of creation.
    static var upsert: String {
        let names = columns + stamps
        let changes = (columns.dropFirst(2) + stamps.filter { $0 == "updated_at" }).map { "\($0) = excluded.\($0)" }
        return """
            INSERT INTO \(table) (\(names.joined(separator: ", ")))
            VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))
            ON CONFLICT (\(columns[0]), \(columns[1])) DO UPDATE SET \(changes.joined(separator: ", "))
            """
    }

    /// The stored rows of one account with these IDs.
    static func select(account: String, ids: [String]) -> SQL {
        let names = columns.joined(separator: ", ")
        return SQL(parts: [
            .text("SELECT \(names) FROM \(table) WHERE \(columns[0]) = "), .value(.text(account)),
            .text(" AND \(columns[1]) IN ("), .list(ids.map { .text($0) }), .text(")"),
        ])
    }
}

extension Array where Element: BookRow {
    /// The rows with their instruments' canonical symbols.
    func resolved(by store: InstrumentStore, in transaction: any Transaction) throws -> [Element] {
        let symbols = Set(compactMap(\.symbolToResolve))
        guard !symbols.isEmpty else { return self }
        let book = try store.book(resolving: symbols, in: transaction)
        return map { $0.resolved(by: book) }
    }
}
