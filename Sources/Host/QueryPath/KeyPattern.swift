import PluginAPI

/// A pattern of cache keys, in which `*` stands for any bytes and everything else for itself.
///
/// Keys are never searched for it: what other hosts and the shared cache hold cannot be listed while they serve. Instead the
/// pattern is led through the form that every key has (``CacheKey``), and comes out as the tags that cover whatever it could
/// match, wherever that lies: the account or user where the pattern spells one out, else the whole module.
struct KeyPattern: Sendable {
    static let bytesMax = 512

    let text: String
    private let pattern: [UInt8]

    init(_ text: String) {
        // A run of stars matches what one does, and would be gone through at every place.
        var pattern: [UInt8] = []
        for byte in text.utf8 where byte != Self.star || pattern.last != Self.star { pattern.append(byte) }
        self.pattern = pattern
        self.text = String(decoding: pattern, as: UTF8.self)
    }

    /// Tags that every key this pattern matches has one of; none when it matches no key at all.
    func tags(among keys: CachedKeys) -> [CacheTag] {
        var tags: [CacheTag] = []
        for operation in keys.operations {
            for owner in operation.owners {
                for rest in remainders(after: keys.head(of: operation, owner)) {
                    guard let tag = tag(of: rest, owner, operation), !tags.contains(tag) else { continue }
                    tags.append(tag)
                }
            }
        }
        let isAll = !keys.modules.isEmpty && keys.modules.allSatisfy { tags.contains(.module($0)) }
        return isAll ? [.everything] : tags
    }

    // MARK: What is left of a key

    /// - Parameter rest: Matches what follows a key's head: parameters, which have no colon, and before them an account's or
    ///   user's ID and one colon.
    private func tag(of rest: ArraySlice<UInt8>, _ owner: CachedKeys.Owner, _ operation: CachedKeys.Operation)
        -> CacheTag?
    {
        let parts = rest.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard owner != .nobody else { return parts.count == 1 ? .module(operation.module) : nil }
        switch parts.count {
        // The colon behind the ID is one of those that a star stands for.
        case 1: return rest.contains(Self.star) ? .module(operation.module) : nil
        case 2: return parts[0].contains(Self.star) ? .module(operation.module) : owner.tag(Array(parts[0]))
        default: return nil
        }
    }

    /// What the pattern still asks for once `head` has been read, in every way in which it can read that.
    private func remainders(after head: [UInt8]) -> [ArraySlice<UInt8>] {
        var places = reached(from: [0])
        for byte in head {
            var next: Set<Int> = []
            for place in places where place < pattern.count {
                if pattern[place] == Self.star {
                    next.insert(place)
                } else if pattern[place] == byte {
                    next.insert(place + 1)
                }
            }
            places = reached(from: next)
        }
        return places.sorted().map { pattern[$0...] }
    }

    /// Also the places behind stars, which may stand for nothing.
    private func reached(from places: Set<Int>) -> Set<Int> {
        var all = places
        for place in places {
            var behind = place
            while behind < pattern.count, pattern[behind] == Self.star {
                behind += 1
                all.insert(behind)
            }
        }
        return all
    }

    private static let star = UInt8(ascii: "*")
}

/// The keys that this host's answers can have, as far as its operations tell.
struct CachedKeys: Sendable {
    struct Operation: Sendable {
        /// `module.operation`
        var name: String
        var module: String
        var owners: [Owner]
    }

    /// Whose data an answer can hold: the cases of ``KeyScope`` without their IDs.
    enum Owner: Sendable {
        case user, account, nobody

        /// What a key says before the ID, and for nobody all it says.
        var head: String {
            switch self {
            case .user: "u:"
            case .account: "a:"
            case .nobody: "-:"
            }
        }

        /// The tag of an ID as keys spell it; `nil` when no key does.
        func tag(_ spelled: [UInt8]) -> CacheTag? {
            guard let id = PercentEncoding.decodeText(spelled), !id.isEmpty,
                PercentEncoding.encode(id).utf8.elementsEqual(spelled)
            else { return nil }
            return self == .user ? .user(id) : .account(id)
        }
    }

    let prefix: String
    let modules: [String]
    let operations: [Operation]

    /// - Parameters:
    ///   - prefix: `cache.prefix`
    ///   - defaultTTL: Of operations that name none.
    init(of services: [LoadedService], prefix: String, defaultTTL: Duration) {
        self.prefix = prefix
        modules = services.map(\.id)
        operations = services.flatMap { service in
            service.allOperations.lazy.map(\.operation)
                .filter { $0.method == .get && $0.ttl ?? defaultTTL > .zero }
                .map { Operation(name: "\(service.id).\($0.name)", module: service.id, owners: Self.owners($0.scope)) }
        }
    }

    func head(of operation: Operation, _ owner: Owner) -> [UInt8] {
        Array("\(prefix)1:\(operation.name):\(owner.head)".utf8)
    }

    /// For whoever writes a pattern: what a key looks like.
    var example: String { "\(prefix)1:MODULE.OPERATION:u:USER:PARAMETERS, with a:ACCOUNT or - in place of u:USER" }

    private static func owners(_ scope: PluginAPI.Operation.Scope) -> [Owner] {
        switch scope {
        case .accounts: [.account, .user]
        case .account: [.account]
        case .caller: [.user, .nobody]
        case .platform: [.nobody]
        // Of a kind this host does not know: it refuses to serve it.
        @unknown default: []
        }
    }
}
