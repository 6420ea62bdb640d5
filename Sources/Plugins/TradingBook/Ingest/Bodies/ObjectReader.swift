import PluginAPI

/// Reads the members of one JSON object by the names and rules it is given, and notes every problem where it stands.
///
/// An optional member may be absent or null. Reading goes on after a problem, so a caller gets `nil` for what it cannot
/// use and must refuse the body by its ``BodyProblems`` in the end.
public struct ObjectReader {
    let pointer: String
    let problems: BodyProblems
    private let members: [JSONValue.Member]
    /// Of ``members``, apart from them: every field is looked for among these.
    private let names: [String]

    /// `nil`, with the problem noted, when the value is not an object. Members with other names than `fields` are noted.
    init?(_ value: JSONValue, at pointer: String, fields: [String], problems: BodyProblems) {
        guard case .object(let members) = value else {
            problems.add(pointer, "must be an object, not \(value.kindName)")
            return nil
        }
        self.members = members
        names = members.map(\.name)
        self.pointer = pointer
        self.problems = problems
        for name in names where !fields.contains(where: { $0.hasSameBytes(as: name) }) {
            let nearest = NearestName.of(name, among: fields)
            let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "known are \(fields.joined(separator: ", "))"
            problems.add(JSONPointer.member(name, of: pointer), "is not a field here; \(hint)")
        }
    }

    func place(_ name: String) -> String { JSONPointer.member(name, of: pointer) }

    func has(_ name: String) -> Bool { member(name) != nil }

    public func required<Value>(_ name: String, _ rule: MemberRule<Value>) -> Value? {
        guard let value = member(name) else {
            problems.add(place(name), "is missing")
            return nil
        }
        return read(name, value, rule)
    }

    public func optional<Value>(_ name: String, _ rule: MemberRule<Value>) -> Value? {
        member(name).flatMap { read(name, $0, rule) }
    }

    /// A member's elements; `nil` when it is absent, and with the problem noted when it is no array or too long.
    func elements(_ name: String, max: Int) -> [JSONValue]? {
        guard let value = member(name) else { return nil }
        guard case .array(let elements) = value else {
            problems.add(place(name), "must be an array, not \(value.kindName)")
            return nil
        }
        guard elements.count <= max else {
            problems.add(place(name), "has \(elements.count) elements; at most \(max) are taken")
            return nil
        }
        return elements
    }

    /// A member as it stands; null counts as absent.
    func member(_ name: String) -> JSONValue? {
        guard let index = names.firstIndex(where: { $0.hasSameBytes(as: name) }) else { return nil }
        let value = members[index].value
        if case .null = value { return nil }
        return value
    }

    private func read<Value>(_ name: String, _ value: JSONValue, _ rule: MemberRule<Value>) -> Value? {
        do {
            return try rule.read(value)
        } catch {
            problems.add(place(name), error.detail)
            return nil
        }
    }
}
