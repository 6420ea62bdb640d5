import PluginAPI
import TradingBook

/// What operators do to the cache: make answers stale by tag or by pattern, and let go of everything.
///
/// Both go the way of every write: at once on this host, through the shared cache to the others, owed to it while it cannot be
/// reached. The audit log is written first. Where it cannot be, nothing is done: without storage the answers that are kept
/// are all that there is to serve.
struct CacheCommands: Sendable {
    let keys: CachedKeys
    /// L1; `nil` for `cache.use: none`.
    let cache: (any SynchronousCache)?
    let invalidations: Invalidations
    let storage: any StorageBackend
    let logger: any Logger

    /// Keys that an answer lists at most.
    static let keysListedMax = 100

    var operations: [Operation] {
        [
            .command(
                "invalidateCache", at: "/cache/invalidate", summary: "Make cached answers stale by tag or pattern",
                scope: .platform, roles: [.operator], body: CacheInvalidation.body,
                reply: .object([
                    "tags": .array(.text), "pattern": .optional(.text), "keys": .array(.text), "reach": Self.reach,
                ])
            ) { (request: Request) async throws -> Reply in try await invalidate(request) },
            .command(
                "clearCache", at: "/cache/clear", summary: "Let go of all cached answers", scope: .platform,
                roles: [.operator],
                reply: .object([
                    "tags": .array(.text), "entries": .integer, "bytes": .integer, "reach": Self.reach,
                ])
            ) { (request: Request) async throws -> Reply in try await clear(request) },
        ]
    }

    private static let reach = Schema.choice(["local", "shared", "owed"])

    private func invalidate(_ request: Request) async throws -> Reply {
        let wanted = try CacheInvalidation.parse(request.body, among: keys)
        let names = wanted.tags.map(\.description)
        try await record("cache.invalidate", request) { json in
            json.arrayField("tags", of: names) { $0.string($1) }
            json.field("pattern", wanted.pattern)
        }
        let found = wanted.pattern.flatMap { cache?.keys(matching: $0, limit: Self.keysListedMax) } ?? []
        let reach = await spread(wanted.tags, for: "cache.invalidate", request)
        return Reply { (json: inout JSONWriter) in
            json.arrayField("tags", of: names) { $0.string($1) }
            json.field("pattern", wanted.pattern)
            json.arrayField("keys", of: found.sorted()) { $0.string($1) }
            json.field("reach", reach.rawValue)
        }
    }

    private func clear(_ request: Request) async throws -> Reply {
        let before = cache?.immediateStatistics
        try await record("cache.clear", request) { json in
            json.arrayField("tags", of: [CacheTag.everything]) { $0.string($1.description) }
        }
        let reach = await spread([.everything], for: "cache.clear", request)
        // Nobody sees what is stale; this gives its memory back.
        try await cache?.clear()
        return Reply { (json: inout JSONWriter) in
            json.arrayField("tags", of: [CacheTag.everything]) { $0.string($1.description) }
            json.field("entries", before?.entries ?? 0)
            json.field("bytes", before?.bytes ?? 0)
            json.field("reach", reach.rawValue)
        }
    }

    /// An order is for what came in behind the hosts' backs, owners included, whatever it names.
    private func spread(_ tags: [CacheTag], for action: String, _ request: Request) async -> Invalidations.Reach {
        let reach = await invalidations.spread(tags + [.directory])
        guard reach == .owed else { return reach }
        do {
            try await append("\(action).owed", request) { json in
                json.arrayField("tags", of: tags) { $0.string($1.description) }
            }
        } catch {
            logger.warning(
                "outcome not in the audit log",
                ["action": action, "request_id": request.requestID, "error": String(describing: error)])
        }
        return reach
    }

    // MARK: The audit log

    /// Writes what is about to be done; once for all repeats under an `Idempotency-Key`, each of which is carried out.
    private func record(
        _ action: String,
        _ request: Request,
        _ members: @escaping @Sendable (inout JSONWriter) -> Void
    ) async throws {
        let key = try IdempotencyKey(request, route: "admin/\(action)")
        let entry = Self.entry(action, request, members)
        try await storage.transaction(deadline: request.deadline) { transaction in
            guard try key?.replay(in: transaction) == nil else { return }
            try entry.append(in: transaction)
            try key?.keep(Array("{}".utf8), in: transaction)
        }
    }

    private func append(
        _ action: String,
        _ request: Request,
        _ members: @escaping @Sendable (inout JSONWriter) -> Void
    ) async throws {
        let entry = Self.entry(action, request, members)
        try await storage.transaction(deadline: request.deadline) { try entry.append(in: $0) }
    }

    private static func entry(
        _ action: String,
        _ request: Request,
        _ members: (inout JSONWriter) -> Void
    ) -> AuditEntry {
        var json = JSONWriter()
        json.object { members(&$0) }
        return AuditEntry(
            at: request.now, actor: request.caller.subject, action: action, object: "cache", before: nil,
            after: json.bytes, requestID: request.requestID)
    }
}
