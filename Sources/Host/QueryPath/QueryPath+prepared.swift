import HTTPTypes
import PluginAPI

/// What has become of a query that was authorised before.
enum PreparedState: Sendable {
    /// Its answer is at hand.
    case fresh(CacheEntry)
    case missing(MissingAnswer)
    /// It may have to be authorised anew.
    case fallen
}

/// An answer that has to be built, to a query that needs not be authorised again.
struct MissingAnswer: Sendable {
    var query: PreparedQuery
    /// Of L1, before anything is read; empty for what is never kept.
    var stamp: CacheStamp
    /// The announcements of writes that had been made by then.
    var epoch: UInt64
}

/// How an answer that was missing came out.
enum MissOutcome: Sendable {
    case built(BuiltAnswer, isJoined: Bool)
    case failed(any Error)
    /// Something was written that the answer joined may not have seen.
    case outdated
}

extension QueryPath {
    /// Keeps what authorising a client's query came to, for the next time that the same token asks the same.
    func prepare(_ call: AuthorisedCall, _ incoming: IncomingRequest, key: String) {
        // Operators' queries have a listener of their own, and none is answered at hand.
        guard let token = incoming.token, call.target.audience == .clients else { return }
        let target = incoming.query.map { "\(incoming.path)?\($0)" } ?? sharedPath(call.target, incoming.path)
        prepared.keep(PreparedQuery(call, key: key), for: .init(token: token, target: target))
    }

    /// The operation's own spelling where they are the same, so that it is in memory once for all who ask.
    private func sharedPath(_ target: BoundOperation, _ path: String) -> String {
        path.utf8.elementsEqual(target.template.utf8) ? target.template : path
    }

    /// A query that a token has asked before, if its service is up.
    func preparedQuery(for key: PreparedQuery.Key, caller: Caller) -> PreparedQuery? {
        guard let query = prepared[key], query.caller == caller, query.target.status().isServing else { return nil }
        return query
    }

    /// Neither waits nor counts anything. The order is that of the usual way: look-up and stamp first, then what was announced.
    func state(of query: PreparedQuery, for key: PreparedQuery.Key, at now: Timestamp) -> PreparedState {
        let epoch = invalidations.epoch
        if query.target.isKept, let entry = localEntry(for: query.key), now < entry.freshUntil {
            return stands(query, key) ? .fresh(entry) : .fallen
        }
        let stamp = query.target.isKept ? cache?.immediateStamp(for: query.tags) : nil
        guard stands(query, key) else { return .fallen }
        // What this host knows of rights is no better than what it keeps of answers.
        guard !query.call.parameters.isRelative, shared?.cache.isLocalCopyGood != false else { return .fallen }
        return .missing(
            MissingAnswer(query: query, stamp: stamp ?? CacheStamp(versions: []), epoch: epoch))
    }

    /// Whether a query needs not be authorised again; it is forgotten otherwise.
    private func stands(_ query: PreparedQuery, _ key: PreparedQuery.Key) -> Bool {
        if query.stands(invalidations) { return true }
        prepared.forget(key)
        return false
    }

    /// Why the module would refuse the call for a missing answer, counted as such a call; `nil` when the answer may be built, or
    /// an old one may be given instead.
    ///
    /// Very many may ask at once: to begin a call that is refused would cost everybody several times as much.
    func refusalAtHand(_ missing: MissingAnswer) -> Problem? {
        let target = missing.query.target
        guard !target.isKept, let refusal = target.gate.refusalAtHand else { return nil }
        target.meters.count(FailureAnswer.outcome(of: refusal))
        return FailureAnswer.problem(for: refusal)
    }

    /// Has a missing answer built, or waits with those who have asked for the same, and tells a listener once.
    ///
    /// - Parameter mayBegin: Whether there is room for one more call.
    /// - Returns: Whether the module is called, or somebody is authorised anew; otherwise the listener knows why not.
    func build(
        _ missing: MissingAnswer,
        _ arrival: RequestArrival,
        mayBegin: Bool = true,
        _ listener: @escaping @Sendable (MissOutcome) -> Void
    ) -> Bool {
        let target = missing.query.target
        // It may have stood in line since it was read.
        do { try Self.checkServing(target) } catch {
            // Counted as no call, as on the usual way, where those go whose answer may be kept.
            listener(target.isKept ? .outdated : .failed(error))
            return target.isKept
        }
        if let failure = failureAtHand(missing, arrival, mayBegin) {
            target.meters.count(FailureAnswer.outcome(of: failure))
            listener(.failed(failure))
            return false
        }
        guard missing.query.stands(invalidations) else {
            listener(.outdated)
            return true
        }
        target.isKept ? join(missing, arrival, listener) : buildAlone(missing, arrival, listener)
        return true
    }

    private func failureAtHand(_ missing: MissingAnswer, _ arrival: RequestArrival, _ mayBegin: Bool) -> (any Error)? {
        if arrival.deadline <= .now { return DeadlinePassed() }
        guard mayBegin else { return Overloaded() }
        let target = missing.query.target
        // An answer that is kept may be there already, or be under way.
        guard !target.isKept else { return nil }
        if arrival.time.latestStart < .now { return Overloaded() }
        return target.gate.refusalAtHand
    }

    private func join(
        _ missing: MissingAnswer, _ arrival: RequestArrival, _ listener: @escaping @Sendable (MissOutcome) -> Void
    ) {
        let (call, key) = (missing.query.call, missing.query.key)
        let (flight, isJoined) = flights.join(
            key, epoch: missing.epoch, deadline: arrival.deadline,
            mayJoin: { !invalidations.touched(call.tags, since: $0) }
        ) {
            try await self.build(call, arrival, key: key, stamp: missing.stamp)
        }
        flight.notify { result in
            switch result {
            case .success(let built) where self.isOutdated(built, call, isJoined): listener(.outdated)
            case .success(let built):
                call.target.meters.count(isJoined ? .join : .miss)
                listener(.built(built, isJoined: isJoined))
            case .failure(let error): listener(.failed(error))
            }
        }
    }

    /// What is never kept is built for each who asks.
    private func buildAlone(
        _ missing: MissingAnswer, _ arrival: RequestArrival, _ listener: @escaping @Sendable (MissOutcome) -> Void
    ) {
        ownCall(missing.query.call, arrival).notify { result in
            switch result {
            case .success(let entry):
                let built = BuiltAnswer(entry: entry, isStored: false, epoch: missing.epoch)
                listener(.built(built, isJoined: false))
            case .failure(let error): listener(.failed(error))
            }
        }
    }

    /// What a client is told after a failure that no older answer can stand in for; `nil` for everything else.
    func problem(after outcome: MissOutcome, of query: PreparedQuery, requestID: String) -> Problem? {
        guard !query.target.isKept, case .failed(let failure) = outcome else { return nil }
        let problem = problem(for: failure, of: query.target, requestID: requestID)
        // What says that all is well is for the usual way, which knows which answers have no body.
        return problem.status >= 400 ? problem : nil
    }

    /// The answer in full, whatever became of it.
    func answer(
        _ outcome: MissOutcome, of query: PreparedQuery, to incoming: IncomingRequest
    ) async -> OutgoingAnswer {
        let call = query.call
        let answer: OutgoingAnswer
        switch outcome {
        case .built(let built, let isJoined):
            answer = await self.answer(with: built, status(of: built, isJoined, query.target), to: incoming)
        case .failed(let error): answer = await self.answer(after: error, call, incoming, key: query.key)
        case .outdated:
            return await self.answer(call.target, to: incoming, pathParameters: call.segments, caller: call.caller)
        }
        return incoming.method == .head ? QueryAnswer.withoutBody(answer) : answer
    }

    /// The last good answer, if there is one and it may be given; otherwise what went wrong.
    private func answer(
        after failure: any Error, _ call: AuthorisedCall, _ incoming: IncomingRequest, key: String
    ) async -> OutgoingAnswer {
        do {
            return try await stale(call, incoming, key: key, after: failure)
        } catch {
            return refusal(error, of: call.target, incoming)
        }
    }
}
