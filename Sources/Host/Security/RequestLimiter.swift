import PluginAPI
import Synchronization

/// Limits how often a token's subject may ask, and how often an address may fail to say who it is.
final class RequestLimiter: Sendable {
    /// The configured rates.
    struct Rates: Sendable {
        var requests: RequestRate
        var agentRequests: RequestRate
        var failedAuthentications: RequestRate
    }

    private let rates: Rates
    private let clock: any HostClock
    private let subjects: Mutex<RateTable<RateSubject>>
    private let addresses: Mutex<RateTable<PeerNetwork>>

    init(rates: Rates, clock: any HostClock, capacity: Int = 100_000) {
        self.rates = rates
        self.clock = clock
        subjects = Mutex(RateTable(capacity: capacity))
        addresses = Mutex(RateTable(capacity: capacity))
    }

    /// Counts one request of `subject`.
    func take(_ subject: RateSubject, at now: Timestamp) -> RateDecision {
        let rate = subject.role == .agent ? rates.agentRequests : rates.requests
        return subjects.withLock { $0.take(subject, rate, at: now) }
    }

    /// Counts one request from `peer` whose token was missing or bad.
    ///
    /// Only such requests are refused beyond the rate: a good token passes from any address, so that nobody can lock out
    /// others behind the same gateway.
    func takeFailure(from peer: String) -> RateDecision {
        let now = clock.now
        let network = PeerNetwork(address: peer)
        return addresses.withLock { $0.take(network, rates.failedAuthentications, at: now) }
    }
}

/// What requests with a good token are counted by: whom it names, as whom. Compared byte by byte, hashed once.
struct RateSubject: Hashable, Sendable {
    let role: Role
    private let id: [UInt8]
    private let hash: Int

    init(_ caller: Caller) {
        role = caller.role
        id = Array(caller.subject.utf8)
        hash = id.hashValue
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
