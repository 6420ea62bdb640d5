/// The effective configuration as YAML: `concord config show`. Secrets are `•••`.
struct ConfigurationListing {
    let source: String
    /// Whether each value is followed by where it came from.
    let showsOrigin: Bool
    private var output = YAMLText()

    init(source: String, showsOrigin: Bool) {
        self.source = source
        self.showsOrigin = showsOrigin
    }

    static func text(_ document: CheckedSetting, source: String, showsOrigin: Bool) -> String {
        var listing = ConfigurationListing(source: source, showsOrigin: showsOrigin)
        listing.write(document.entries, depth: 0)
        return listing.output.text
    }

    private mutating func write(_ entries: [CheckedSetting.Entry], depth: Int, bullet: Bool = false) {
        for entry in entries {
            let prefix = (bullet ? "- " : "") + YAMLText.scalar(entry.key) + ":"
            write(entry.setting, prefix, depth: depth, inner: bullet ? depth + 2 : depth + 1)
        }
    }

    private mutating func write(_ setting: CheckedSetting, _ prefix: String, depth: Int, inner: Int) {
        switch setting.content {
        case .scalar(_, let text): line("\(prefix) \(YAMLText.scalar(text))", setting.origin, depth)
        case .mapping(let entries) where entries.isEmpty: line("\(prefix) {}", setting.origin, depth)
        case .list(let items) where items.isEmpty: line("\(prefix) []", setting.origin, depth)
        case .mapping(let entries):
            output.line(prefix, depth: depth)
            write(entries, depth: inner)
        case .list(let items):
            output.line(prefix, depth: depth)
            for item in items { write(item: item, depth: inner) }
        }
    }

    private mutating func write(item: CheckedSetting, depth: Int) {
        switch item.content {
        case .mapping(let entries) where entries.count == 1: write(entries, depth: depth, bullet: true)
        default: write(item, "-", depth: depth, inner: depth + 1)
        }
    }

    private mutating func line(_ text: String, _ origin: SettingOrigin, _ depth: Int) {
        output.line(showsOrigin ? "\(text)  # \(origin.described(inFile: source).printable)" : text, depth: depth)
    }
}
