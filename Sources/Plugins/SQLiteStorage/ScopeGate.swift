import CSQLite
import PluginAPI

/// Decides what a statement of people who are not trusted may do while SQLite prepares it: read views, call portable
/// functions, nothing else.
struct ScopeGate {
    let views: ScopedViews
    /// Names in lower case that are not a statement's own to give.
    let tables: Set<String>
    /// What was refused first, as a clause.
    private(set) var refusal: String?

    init(views: ScopedViews, tables: Set<String>) {
        self.views = views
        self.tables = tables
    }

    /// The arguments are those of SQLite's authorizer callback.
    ///
    /// - Parameter reader: The innermost view, or common table expression, on whose behalf it is done.
    mutating func allows(_ action: Int32, _ first: String?, _ second: String?, reader: String?) -> Bool {
        // Views are ours.
        if let reader, views.isInner(reader) { return [SQLITE_READ, SQLITE_SELECT, SQLITE_FUNCTION].contains(action) }
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE: return true
        case SQLITE_READ where views.isView(first ?? "") || second == "" && isOwnName(first ?? ""): return true
        case SQLITE_FUNCTION where ScopedFunctions.names.contains((second ?? "").lowercased()): return true
        case SQLITE_READ: refuse("it reads \(first ?? "something"), which is no view")
        case SQLITE_FUNCTION: refuse("it calls \(second ?? "a function"), which statements here may not")
        default: refuse("it does more than read")
        }
        return false
    }

    /// Whether a statement has given the name to a common table expression. SQLite asks about those only when none of their
    /// columns is used, and in the same way as about tables then.
    private func isOwnName(_ name: String) -> Bool {
        let name = name.lowercased()
        return !tables.contains(name) && !["sqlite_", "pragma_", "json_"].contains(where: name.hasPrefix)
    }

    private mutating func refuse(_ clause: String) {
        refusal = refusal ?? clause
    }
}
