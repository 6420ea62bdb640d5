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

    private struct Subject: Hashable, Sendable {
        var id: [UInt8]
        var role: Role
    }

    private let rates: Rates
    private let clock: any HostClock
    private let subjects: Mutex<RateTable<Subject>>
    private let addresses: Mutex<RateTable<PeerNetwork>>

    init(rates: Rates, clock: any HostClock, capacity: Int = 100_000) {
        self.rates = rates
        self.clock = clock
        subjects = Mutex(RateTable(capacity: capacity))
        addresses = Mutex(RateTable(capacity: capacity))
    }

    /// Counts one request of `caller`.
    func take(_ caller: Caller) -> RateDecision {
        let rate = caller.role == .agent ? rates.agentRequests : rates.requests
        let now = clock.now
        let subject = Subject(id: Array(caller.subject.utf8), role: caller.role)
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
