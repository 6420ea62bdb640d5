import PluginAPI

extension NearestName {
    /// `did you mean `port`?`, else the list of what there is when it is short.
    static func hint(_ name: String, among candidates: [String]) -> String? {
        if let nearest = of(name, among: candidates) { return "did you mean `\(nearest)`?" }
        guard !candidates.isEmpty else { return nil }
        return "valid here: \(candidates.joined(separator: ", "))"
    }

    /// The nearest of a few names, if any is near, and all of them.
    static func choiceHint(_ name: String, among names: [String]) -> String {
        let list = "compiled in: \(names.isEmpty ? "none" : names.joined(separator: ", "))"
        return of(name, among: names).map { "did you mean `\($0)`? \(list)" } ?? list
    }
}
