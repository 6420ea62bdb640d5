import PluginAPI

/// How the commands read answers: by name, with a text for every scalar.
extension JSONValue {
    /// The value as a person reads it; a dash for null and for what is not there.
    static func shown(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text)?, .number(let text)?: text
        case .boolean(let flag)?: flag ? "yes" : "no"
        case nil, .null?: "–"
        case .array(let elements)?: "\(elements.count)"
        case .object(let members)?: "\(members.count)"
        @unknown default: "–"
        }
    }

    func shown(_ name: String) -> String { JSONValue.shown(self[name]) }

    /// The elements of an array member; none when it is absent.
    func elements(_ name: String) -> [JSONValue] {
        if case .array(let elements)? = self[name] { elements } else { [] }
    }

    func text(_ name: String) -> String? {
        if case .string(let text)? = self[name] { text } else { nil }
    }
}
