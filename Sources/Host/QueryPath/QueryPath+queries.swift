import PluginAPI

/// What a flight ends with: an answer, and whether the cache now holds it.
struct BuiltAnswer: Sendable {
    var entry: CacheEntry
    var isStored: Bool
    /// Somebody had built it before: it comes from a cache.
    var isFound = false
    /// The announcements of writes that had been made before anything was read for it.
    var epoch: UInt64
}

extension QueryPath {
    /// How often a request starts over because a write that concerns it was announced while it was being authorised.
    private static let attemptsMax = 3

    func query(
        _ target: BoundOperation,
        _ incoming: IncomingRequest,
        _ segments: [String: String],
        _ caller: Caller
    ) async throws -> OutgoingAnswer {
        for _ in 1..<QueryPath.attemptsMax {
            let call = try await authorise(target, incoming, segments, caller)
            guard target.isKept else {
                // Whatever the service makes of it, which may be to refuse many at once: who asks, and for what, is settled.
                // A time that counts from now is read anew each time.
                if !call.parameters.isRelative { prepare(call, incoming, key: "") }
                return try await uncached(call, incoming, .bypass)
            }
            if let answer = try await cached(call, incoming) { return answer }
        }
        // Writes come faster than requests can be authorised: what is built now is right for this request alone.
        let call = try await authorise(target, incoming, segments, caller)
        return try await uncached(call, incoming, target.isKept ? .miss(isStored: false) : .bypass)
    }

    /// - Returns: `nil` when the caller's rights may have changed since they were looked up.
    private func cached(_ call: AuthorisedCall, _ incoming: IncomingRequest) async throws -> OutgoingAnswer? {
        let key = key(of: call)
        let kept = localEntry(for: key)
        let stamp = cache?.immediateStamp(for: call.tags) ?? CacheStamp(versions: [])
        // After the look-up and the stamp: whatever was announced before is in both, whatever comes later makes them old.
        if invalidations.touched(call.tags, since: call.epoch) { return nil }
        if let kept, clock.now < kept.freshUntil {
            call.target.meters.count(.hit)
            prepare(call, incoming, key: key)
            return await answer(with: kept, .hit(kept, at: clock.now), to: incoming)
        }
        do {
            let arrival = arrival(of: incoming, at: call.target)
            let (built, isJoined) = try await flights.value(
                for: key, epoch: call.epoch, deadline: arrival.deadline,
                mayJoin: { !invalidations.touched(call.tags, since: $0) }
            ) {
                try await self.build(call, arrival, key: key, stamp: stamp)
            }
            if isOutdated(built, call, isJoined) { return nil }
            call.target.meters.count(isJoined ? .join : .miss)
            if built.isStored || cache == nil { prepare(call, incoming, key: key) }
            return await answer(with: built, status(of: built, isJoined, call.target), to: incoming)
        } catch {
            return try await stale(call, incoming, key: key, after: error)
        }
    }

    /// Whoever joins learns only now what else the answer depends on: it may have been read before a write under that.
    func isOutdated(_ built: BuiltAnswer, _ call: AuthorisedCall, _ isJoined: Bool) -> Bool {
        guard isJoined else { return false }
        let others = Array(built.entry.tags.dropFirst(call.tags.count))
        return !others.isEmpty && invalidations.touched(others, since: built.epoch)
    }

    func answer(with built: BuiltAnswer, _ status: CacheStatus, to incoming: IncomingRequest) async -> OutgoingAnswer {
        built.isStored
            ? await answer(with: built.entry, status, to: incoming)
            : plainAnswer(with: built.entry, status, to: incoming)
    }

    func status(of built: BuiltAnswer, _ isJoined: Bool, _ target: BoundOperation) -> CacheStatus {
        guard target.isKept else { return .bypass }
        if isJoined { return .joined }
        guard built.isFound else { return .miss(isStored: built.isStored) }
        return .hit(built.entry, at: clock.now)
    }

    /// What this host keeps, unless it may be older than what another host has written.
    func localEntry(for key: String) -> CacheEntry? {
        shared?.cache.isLocalCopyGood == false ? nil : cache?.immediateEntry(for: key)
    }

    /// The last good answer, when storage or the service gives none and the operation allows it; otherwise the failure goes on.
    func stale(
        _ call: AuthorisedCall,
        _ incoming: IncomingRequest,
        key: String,
        after failure: any Error
    ) async throws -> OutgoingAnswer {
        let now = clock.now
        guard FailureAnswer.isOutage(failure), call.target.operation.isServedStale,
            let entry = cache?.immediateEntry(for: key), now < entry.staleUntil
        else {
            call.target.meters.count(.error)
            throw failure
        }
        call.target.meters.count(.stale)
        let ttl = entry.freshUntil.since(now).components.seconds
        return await answer(with: entry, .stale(ttl: ttl), to: incoming)
    }

    /// Asks the service for this request alone.
    private func uncached(
        _ call: AuthorisedCall,
        _ incoming: IncomingRequest,
        _ status: CacheStatus
    ) async throws -> OutgoingAnswer {
        let entry = try await ownCall(call, arrival(of: incoming, at: call.target)).value()
        return plainAnswer(with: entry, status, to: incoming)
    }

    /// A call of the service that nobody joins.
    func ownCall(_ call: AuthorisedCall, _ arrival: RequestArrival) -> SharedCall<CacheEntry> {
        let request = request(call, arrival)
        let entry = { @Sendable (reply: Reply) in
            self.entry(for: reply, call, stamp: CacheStamp(versions: []), tags: call.tags)
        }
        let ownCall = SharedCall<CacheEntry>()
        ownCall.start(deadline: arrival.deadline) { finish in
            replyAtOnce(to: request, of: call.target, arrival.time) { finish($0.map(entry)) }
                ?? SharedCall.begin(
                    { entry(try await self.reply(to: request, of: call.target, arrival.time)) }, then: finish)
        }
        return ownCall
    }

    func key(of call: AuthorisedCall) -> String {
        CacheKey.make(
            prefix: settings.keyPrefix, operation: call.target.name, scope: call.access.scope,
            parameters: call.parameters.keyTexts, cursor: call.parameters.cursor)
    }

    // MARK: Inside a flight

    func build(
        _ call: AuthorisedCall,
        _ arrival: RequestArrival,
        key: String,
        stamp: CacheStamp
    ) async throws -> BuiltAnswer {
        let epoch = invalidations.epoch
        // The flight before this one may have landed since the look-up.
        if let kept = localEntry(for: key), clock.now < kept.freshUntil {
            return BuiltAnswer(entry: kept, isStored: true, epoch: epoch)
        }
        // Before the storage is read: what is written meanwhile makes both stamps old.
        let found = await shared?.lookUp(key, call, now: clock.now) ?? CacheLookUp(entry: nil, stamp: nil)
        if var entry = found.entry, !isRetired {
            entry.stamp = stamp
            cache?.immediateStore(entry, for: key)
            if clock.now < entry.freshUntil {
                return BuiltAnswer(entry: entry, isStored: true, isFound: true, epoch: epoch)
            }
        }
        do {
            let request = request(asOwner(call), arrival)
            let reply = try await reply(to: request, of: call.target, arrival.time)
            // One list for all who keep it, where nothing is added.
            let tags = reply.tags.isEmpty ? call.tags : call.tags + reply.tags
            let entry = entry(for: reply, call, stamp: stampAfter(reply, call, stamp), tags: tags)
            let mayStore = reply.tags.isEmpty || !invalidations.touched(tags, since: epoch)
            let isStored = mayStore && keep(entry, key, sharedStamp: reply.tags.isEmpty ? found.stamp : nil)
            return BuiltAnswer(entry: entry, isStored: isStored, epoch: epoch)
        } catch let problem as Problem where problem.status == 404 {
            let entry = notFound(problem, call, stamp)
            return BuiltAnswer(entry: entry, isStored: keep(entry, key, sharedStamp: found.stamp), epoch: epoch)
        }
    }

    /// An answer that the account's owner, their agents and operators share is built as if the owner had asked.
    private func asOwner(_ call: AuthorisedCall) -> AuthorisedCall {
        guard !call.access.user.isEmpty else { return call }
        var owners = call
        owners.caller = Caller(subject: call.access.user, role: .user)
        return owners
    }

    /// Tags that only the reply names are stamped after the data was read; the caller makes sure that nothing came between.
    private func stampAfter(_ reply: Reply, _ call: AuthorisedCall, _ stamp: CacheStamp) -> CacheStamp {
        guard let cache, !reply.tags.isEmpty else { return stamp }
        return cache.immediateStamp(for: call.tags + reply.tags)
    }

    /// - Parameter sharedStamp: Under which the hosts share the answer; `nil` when they do not.
    /// - Returns: Whether there is a cache that keeps it, and a time for which it may.
    private func keep(_ entry: CacheEntry, _ key: String, sharedStamp: CacheStamp?) -> Bool {
        // A module's own word that it has failed is for whoever asked.
        guard let cache, !isRetired, entry.storedAt < entry.freshUntil, entry.status < 500 else { return false }
        cache.immediateStore(entry, for: key)
        if let sharedStamp { shared?.store(entry, for: key, stamp: sharedStamp) }
        return true
    }

    private func entry(for reply: Reply, _ call: AuthorisedCall, stamp: CacheStamp, tags: [CacheTag]) -> CacheEntry {
        let now = clock.now
        let ttl = Duration.microseconds(call.target.ttl.wholeMicroseconds / 1_000 * Int64(settings.jitter()))
        let end = reply.validUntil
        let fresh = min(now + ttl, end ?? now + ttl)
        let stale = call.target.operation.isServedStale ? fresh + settings.staleIfError : fresh
        return CacheEntry(
            status: reply.status, body: reply.body, etag: EntityTag.make(for: reply.body), tags: tags, stamp: stamp,
            storedAt: now, freshUntil: fresh, staleUntil: min(stale, end ?? stale))
    }

    private func notFound(_ problem: Problem, _ call: AuthorisedCall, _ stamp: CacheStamp) -> CacheEntry {
        let now = clock.now
        let fresh = now + min(QueryPathSettings.notFoundTTL, call.target.ttl)
        return CacheEntry(
            status: 404, body: ProblemAnswer.encode(problem), etag: "", tags: call.tags, stamp: stamp, storedAt: now,
            freshUntil: fresh, staleUntil: fresh)
    }
}
