import PluginAPI

/// Views as Markdown: what `docs/schema.md` lists.
struct ViewTable {
    let views: [StoredView]

    var text: String {
        views.map { view in
            let rows = view.columns.map { "| `\($0.name)` | \($0.kind.rawValue) |" }.joined(separator: "\n")
            return "## \(view.name)\n\n\(view.summary)\n\n| column | holds |\n|---|---|\n\(rows)\n"
        }.joined(separator: "\n")
    }
}
