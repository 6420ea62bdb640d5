import PluginAPI

/// A request after its parameters have been read and its caller authorised.
struct AuthorisedCall: Sendable {
    var target: BoundOperation
    var access: Access
    var caller: Caller
    /// The path's parameters as they were sent, decoded.
    var segments: [String: String]
    var parameters: ReadParameters
    var cursor: [Value]?
    var binding: [UInt8]
    /// What the answer depends on, as far as it is known before it is built.
    var tags: [CacheTag]
    /// The announcements of writes that had been made before anything was read.
    var epoch: UInt64
}

/// When a request came, and what it is called.
struct RequestArrival: Sendable {
    var requestID: String
    var receivedAt: Timestamp
    var time: CallTime
    /// When the host gives up.
    var deadline: ContinuousClock.Instant { time.deadline }
}

/// The time that a call has, its wait for its turn included.
struct CallTime: Sendable {
    /// When half of it is over, and it is too late to begin.
    var latestStart: ContinuousClock.Instant
    /// When it is over.
    var deadline: ContinuousClock.Instant
    /// Whether it is so much shorter than usual that a call which does not come back in it says nothing of the module: what came
    /// before the call, such as a client that sends its body slowly, took the rest.
    var isShort: Bool

    /// - Parameter usual: How long calls may take that are asked for at once.
    init(from start: ContinuousClock.Instant, to deadline: ContinuousClock.Instant, usual: Duration) {
        latestStart = start + (deadline - start) / 2
        self.deadline = deadline
        isShort = deadline - start < usual / 2
    }
}

extension QueryPath {
    /// Reads parameters, then authorises, then opens the cursor: what is refused later cannot be learned from earlier.
    func authorise(
        _ target: BoundOperation,
        _ incoming: IncomingRequest,
        _ segments: [String: String],
        _ caller: Caller
    ) async throws -> AuthorisedCall {
        let epoch = invalidations.epoch
        let read = try target.parameters.read(path: segments, query: incoming.query, now: incoming.receivedAt)
        let access = try await access.access(
            caller, to: target.operation, account: read.account, segments: read.values)
        let binding = CacheKey.binding(operation: target.name, scope: access.scope, parameters: read.keyTexts)
        let cursor = try read.cursor.map { (text: String) throws(Problem) in
            try cursors.open(text, operation: target.name, binding: binding)
        }
        return AuthorisedCall(
            target: target, access: access, caller: caller, segments: segments, parameters: read, cursor: cursor,
            binding: binding,
            tags: access.tags(module: target.module), epoch: epoch)
    }

    /// The call as the service sees it.
    func request(_ call: AuthorisedCall, _ arrival: RequestArrival) -> Request {
        Request(
            caller: call.caller, user: call.access.user, accounts: call.access.accounts, account: call.access.account,
            isForPlatform: call.target.operation.scope == .platform, parameters: call.parameters.values,
            choices: call.parameters.choices, cursor: call.cursor,
            requestID: arrival.requestID, now: arrival.receivedAt, deadline: arrival.deadline,
            cursors: BoundCursorSigner(codec: cursors, operation: call.target.name, binding: call.binding))
    }

    func arrival(of incoming: IncomingRequest, at target: BoundOperation) -> RequestArrival {
        RequestArrival(
            requestID: incoming.requestID, receivedAt: incoming.receivedAt,
            time: time(of: target, until: incoming.deadline))
    }

    /// A call that is asked for now is given up at the request's deadline, or the module's, whichever comes first.
    func time(of target: BoundOperation, until requested: ContinuousClock.Instant? = nil) -> CallTime {
        let now = ContinuousClock.now
        let usual = min(settings.callTimeout, target.deadline)
        return CallTime(from: now, to: min(requested ?? now + usual, now + target.deadline), usual: usual)
    }

    /// Calls the service when it is its turn, and counts how that ended.
    func reply(to request: Request, of target: BoundOperation, _ time: CallTime) async throws -> Reply {
        do {
            let reply = try await target.gate.call(target.operation.name, replyMax: target.replyMax, time: time) {
                try await target.operation.handler(request)
            }
            target.meters.count(FailureAnswer.outcome(of: reply))
            return reply
        } catch {
            target.meters.count(FailureAnswer.outcome(of: error))
            throw error
        }
    }

    /// Calls the service if its turn is now and no task has to wait for it, and counts how that ended.
    ///
    /// - Parameter listener: Told of what ``reply(to:of:_:)`` would return or throw.
    /// - Returns: How the call is given up, at its deadline; `nil` when nothing was called.
    func replyAtOnce(
        to request: Request, of target: BoundOperation, _ time: CallTime,
        then listener: @escaping @Sendable (Result<Reply, any Error>) -> Void
    ) -> (@Sendable () -> Void)? {
        target.gate.callAtOnce(target.operation.name, replyMax: target.replyMax, time: time) {
            try await target.operation.handler(request)
        } then: { result in
            switch result {
            case .success(let reply): target.meters.count(FailureAnswer.outcome(of: reply))
            case .failure(let error): target.meters.count(FailureAnswer.outcome(of: error))
            }
            listener(result)
        }
    }
}
