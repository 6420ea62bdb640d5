import PluginAPI
import TradingBook

/// What `POST /admin/cache/invalidate` is asked to make stale: tags, or a pattern of keys.
enum CacheInvalidation: Sendable {
    case tags([CacheTag])
    /// With the tags that cover it.
    case pattern(KeyPattern, [CacheTag])

    static let tagsMax = 1_000

    var tags: [CacheTag] {
        switch self {
        case .tags(let tags), .pattern(_, let tags): tags
        }
    }

    var pattern: String? { if case .pattern(let pattern, _) = self { pattern.text } else { nil } }

    /// - Throws: 400 for what is no object, 422 with a pointer to each tag, or the pattern, that names nothing.
    static func parse(_ body: [UInt8], among keys: CachedKeys) throws(Problem) -> CacheInvalidation {
        try JSONBody.read(body, fields: ["tags", "pattern"], as: "invalidation") { reader in
            let tags = reader.list("tags", max: tagsMax, tag(among: keys))
            let pattern = reader.optional("pattern", pattern(among: keys))
            switch (reader.has("tags"), reader.has("pattern")) {
            case (true, true): reader.note("pattern", "cannot be given beside tags; send two requests")
            case (false, false): reader.note("tags", "is missing; give tags or a pattern")
            default: break
            }
            if let tags, tags.isEmpty { reader.note("tags", "has no elements; \"*\" is the tag of everything") }
            return tags.map { .tags($0) } ?? pattern.map { .pattern($0.0, $0.1) }
        }
    }

    private static func tag(among keys: CachedKeys) -> MemberRule<CacheTag> {
        .string { (text: String) throws(MemberProblem) in
            if text == CacheTag.everything.description { return .everything }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, ["account", "user", "module"].contains(parts[0]) else {
                throw MemberProblem("must be account:ID, user:ID, module:ID or *")
            }
            let id = parts[1]
            guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw MemberProblem("has an ID that is not 1 to 128 characters of printable ASCII without space")
            }
            guard parts[0] == "module", !keys.modules.contains(id) else { return CacheTag(kind: parts[0], id: id) }
            let hint = NearestName.hint(id, among: keys.modules) ?? "none is loaded"
            throw MemberProblem("names no module that is loaded here; \(hint)")
        }
    }

    private static func pattern(among keys: CachedKeys) -> MemberRule<(KeyPattern, [CacheTag])> {
        .string { (text: String) throws(MemberProblem) in
            let isPrintable = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            guard isPrintable, (1...KeyPattern.bytesMax).contains(text.utf8.count) else {
                throw MemberProblem("must be 1 to \(KeyPattern.bytesMax) characters of printable ASCII without space")
            }
            let pattern = KeyPattern(text)
            let tags = pattern.tags(among: keys)
            guard !tags.isEmpty else { throw MemberProblem("matches no key; a key is \(keys.example)") }
            return (pattern, tags)
        }
    }

    static let body = BodySchema(
        schema: .object(
            Schema.Fields(dictionaryLiteral: ("tags", .array(.text)), ("pattern", .text))
                .allowingAbsence(of: ["tags", "pattern"])))
}
