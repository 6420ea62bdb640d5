import PluginAPI

extension JSONWriter {
    /// Any parsed value, members in byte order of their names, so that equal values have equal bytes.
    mutating func canonical(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .boolean(let flag): boolean(flag)
        case .number(let text): raw(text.utf8)
        case .string(let text): string(text)
        case .array(let elements): array(of: elements) { $0.canonical($1) }
        case .object(let members):
            object { json in
                for member in members.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
                    json.key(member.name)
                    json.canonical(member.value)
                }
            }
        @unknown default: null()
        }
    }
}

extension MemberRule where Value == String {
    /// A JSON object of at most 64 KiB that both storage backends can keep, as canonical text.
    static var payload: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            guard json.kind(of: value) == .object else {
                throw MemberProblem("must be an object, not \(json.kind(of: value).name)")
            }
            let tree = json.tree(of: value)
            guard isStorable(tree) else {
                throw MemberProblem("must not contain U+0000, nor numbers with an exponent or more than 32 digits")
            }
            var canonical = JSONWriter()
            canonical.canonical(tree)
            guard canonical.bytes.count <= 65_536 else { throw MemberProblem("is longer than 65536 bytes") }
            return canonical.text
        }
    }

    private static func isStorable(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .boolean: true
        case .number(let text): text.utf8.count <= 32 && !text.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") }
        case .string(let text): !text.utf8.contains(0)
        case .array(let elements): elements.allSatisfy(isStorable)
        case .object(let members): members.allSatisfy { !$0.name.utf8.contains(0) && isStorable($0.value) }
        @unknown default: false
        }
    }
}
