import PluginAPI

/// A module's configuration as a Markdown table, between the markers of its README.
struct ModuleTable {
    static let begin = "<!-- configuration:begin -->"
    static let end = "<!-- configuration:end -->"

    let keys: [ConfigurationKey]

    /// A document with `table` between its markers, or `nil` when it has none.
    static func inserted(_ table: String, into document: String) -> String? {
        let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
        guard let from = lines.firstIndex(of: Substring(begin)), let to = lines.firstIndex(of: Substring(end)),
            from < to
        else { return nil }
        let rows = table.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        return (lines[...from] + ["\n".dropLast()] + rows + ["\n".dropLast()] + lines[to...]).joined(separator: "\n")
    }

    /// One row a key, those of sections under dotted names; without its markers.
    var text: String {
        let rows = ModuleTable.rows(keys, in: "")
        guard !rows.isEmpty else { return "It has no settings.\n" }
        let head = ["| key | type | default | meaning |", "|---|---|---|---|"]
        return (head + rows).joined(separator: "\n") + "\n"
    }

    /// A README with the table between its markers, or `nil` when it has none.
    func inserted(into document: String) -> String? {
        ModuleTable.inserted(text, into: document)
    }

    private static func rows(_ keys: [ConfigurationKey], in section: String) -> [String] {
        keys.flatMap { key in
            let name = section.isEmpty ? key.name : "\(section).\(key.name)"
            if case .section(let inner) = key.kind { return rows(inner, in: name) }
            return [row(key, name)] + rows(freeKeys(key.kind), in: "\(name).NAME")
        }
    }

    /// The keys of sections under names that the user chooses.
    private static func freeKeys(_ kind: ConfigurationKind) -> [ConfigurationKey] {
        if case .mapping(.section(let keys)) = kind { keys } else { [] }
    }

    private static func row(_ key: ConfigurationKey, _ name: String) -> String {
        let preset = key.defaultText.map { $0.isEmpty ? "empty" : "`\($0)`" } ?? (key.isOptional ? "none" : "required")
        let notes = (key.isSecret ? " Secret." : "") + (key.isReloadable ? "" : " Needs a restart.")
        return "| `\(name)` | \(cell(key.kind.phrase)) | \(cell(preset)) | \(cell(key.summary))\(notes) |"
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
