import PluginAPI

/// The first place at which two documents differ.
struct JSONDifference: Equatable {
    /// RFC 6901.
    var pointer: String
    /// `is 2, and 3 is kept`.
    var detail: String

    /// `nil` for equal documents.
    init?(of found: JSONValue, from kept: JSONValue) {
        self.init(found, kept, at: "")
    }

    private init(_ pointer: String, _ detail: String) {
        (self.pointer, self.detail) = (pointer, detail)
    }

    private init?(_ found: JSONValue, _ kept: JSONValue, at pointer: String) {
        switch (found, kept) {
        case (.object(let found), .object(let kept)):
            guard let difference = Self.first(found, kept, at: pointer) else { return nil }
            self = difference
        case (.array(let found), .array(let kept)):
            guard let difference = Self.first(found, kept, at: pointer) else { return nil }
            self = difference
        default:
            if found == kept { return nil }
            self.init(pointer, "is \(found.shortText), and \(kept.shortText) is kept")
        }
    }

    private static func first(_ found: [JSONValue], _ kept: [JSONValue], at pointer: String) -> JSONDifference? {
        for (index, pair) in zip(found, kept).enumerated() {
            if let difference = JSONDifference(pair.0, pair.1, at: "\(pointer)/\(index)") { return difference }
        }
        if found.count == kept.count { return nil }
        return JSONDifference(pointer, "has \(found.count) elements, and \(kept.count) are kept")
    }

    private static func first(
        _ found: [JSONValue.Member],
        _ kept: [JSONValue.Member],
        at pointer: String
    ) -> JSONDifference? {
        for member in kept {
            let place = "\(pointer)/\(escaped(member.name))"
            guard let other = found.first(where: { $0.name == member.name }) else {
                return JSONDifference(place, "is missing, and \(member.value.shortText) is kept")
            }
            if let difference = JSONDifference(other.value, member.value, at: place) { return difference }
        }
        if let new = found.first(where: { member in !kept.contains { $0.name == member.name } }) {
            return JSONDifference("\(pointer)/\(escaped(new.name))", "is \(new.value.shortText), and nothing is kept")
        }
        if found.map(\.name) == kept.map(\.name) { return nil }
        return JSONDifference(pointer, "has its members in another order")
    }

    private static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}

extension JSONValue {
    /// The value for a message: whole when it is short, otherwise its beginning.
    fileprivate var shortText: String {
        let text = lines(indent: nil)
        return text.utf8.count <= 80 ? text : "\(text.prefix(77))…"
    }

    /// The document with a line for each member and element; on one line without an indent.
    func lines(indent: String? = "") -> String {
        let (inner, end) = (indent.map { $0 + "  " }, indent.map { "\n\($0)" } ?? "")
        let separator = inner.map { ",\n\($0)" } ?? ", "
        let begin = inner.map { "\n\($0)" } ?? ""
        switch self {
        case .null: return "null"
        case .boolean(let flag): return flag ? "true" : "false"
        case .number(let text): return text
        case .string(let text):
            var json = JSONWriter()
            json.string(text)
            return json.text
        case .array(let elements):
            if elements.isEmpty { return "[]" }
            return "[\(begin)\(elements.map { $0.lines(indent: inner) }.joined(separator: separator))\(end)]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let texts = members.map { "\(JSONValue.string($0.name).lines()): \($0.value.lines(indent: inner))" }
            return "{\(begin)\(texts.joined(separator: separator))\(end)}"
        @unknown default: return kindName
        }
    }
}
