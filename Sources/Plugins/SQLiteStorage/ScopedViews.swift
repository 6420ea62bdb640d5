import PluginAPI
import StorageWork

/// Views as one connection to SQLite keeps them: temporary ones, which see what the connection's scope says.
///
/// A view of the name that people know stands on another one whose name nobody can guess. SQLite tells the authorizer which
/// view reads a table, and takes the name of a common table expression for that of a view.
struct ScopedViews: Sendable {
    /// Views provided at another time have another one.
    let version: Int
    private let views: [StoredView]
    private let secret: String

    init(_ views: [StoredView], version: Int) {
        self.views = views
        self.version = version
        secret = "scoped_\(UInt64.random(in: 0...(.max)))_\(UInt64.random(in: 0...(.max)))_"
    }

    /// Whether a statement may name it.
    func isView(_ name: String) -> Bool { views.contains { $0.name == name } || isInner(name) }

    /// Whether it is one of those that stand on tables.
    func isInner(_ name: String) -> Bool { name.hasPrefix(secret) }

    /// - Parameter isFiltered: Whether rows of accounts that `concord_scope()` does not list are left out.
    func script(isFiltered: Bool) -> String {
        views.map { view in
            // Without a filter that reads a column SQLite would count a table's rows in the statement's own name.
            let filter =
                isFiltered ? "\(view.owner) IN (SELECT value FROM json_each(concord_scope()))" : "\(view.owner) >= ''"
            return """
                DROP VIEW IF EXISTS temp.\(view.name);
                CREATE TEMP VIEW \(secret)\(view.name) AS SELECT \(view.selection) FROM \(view.source) WHERE \(filter);
                CREATE TEMP VIEW \(view.name) AS SELECT * FROM \(secret)\(view.name);

                """
        }.joined()
    }

    /// Takes out what an earlier ``script(isFiltered:)`` of these views put in.
    var removal: String {
        views.map { "DROP VIEW IF EXISTS temp.\($0.name);\nDROP VIEW IF EXISTS temp.\(secret)\($0.name);\n" }.joined()
    }
}
