package import PluginAPI

extension StoredView {
    /// What stands between SELECT and FROM.
    package var selection: String {
        columns.map { $0.expression == $0.name ? $0.name : "\($0.expression) AS \($0.name)" }.joined(separator: ", ")
    }

    /// Whose a row is, as ``selection`` spells it.
    package var owner: String { columns.first { $0.name == "account_id" }?.expression ?? "account_id" }
}
