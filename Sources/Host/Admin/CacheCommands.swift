import PluginAPI

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
    let audit: AdminAudit
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
        try await audit.record("cache.invalidate", of: "cache", request) { json in
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
        try await audit.record("cache.clear", of: "cache", request) { json in
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
            try await audit.append("\(action).owed", of: "cache", request) { json in
                json.arrayField("tags", of: tags) { $0.string($1.description) }
            }
        } catch {
            logger.warning(
                "outcome not in the audit log",
                ["action": action, "request_id": request.requestID, "error": String(describing: error)])
        }
        return reach
    }
}
