import Synchronization

/// What answers a request, and within which limits: one configuration's.
final class Serving: Sendable {
    let handler: any RequestHandler
    let limits: HTTPLimits

    init(handler: any RequestHandler, limits: HTTPLimits) {
        self.handler = handler
        self.limits = limits
    }
}

/// What answers a listener's requests now. A listener outlives configurations: each request asks once, and ends as it began.
final class ServingSwitch: Sendable {
    private let serving: Mutex<Serving>

    init(_ serving: Serving) {
        self.serving = Mutex(serving)
    }

    var current: Serving { serving.withLock { $0 } }

    /// From now on requests are answered by `next`.
    func swap(to next: Serving) {
        // The old one may end here, outside the lock.
        let old = serving.withLock { serving in
            defer { serving = next }
            return serving
        }
        withExtendedLifetime(old) {}
    }
}
