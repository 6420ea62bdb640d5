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

    private let clock: any HostClock
    private let subjects: Mutex<RateTable<ShortDigest>>
    private let agents: Mutex<RateTable<ShortDigest>>
    private let addresses: Mutex<RateTable<PeerNetwork>>

    /// - Parameter capacity: Of subjects, and of networks; a quarter as many agents. The default fills a table of 2¹⁷ slots.
    init(rates: Rates, clock: any HostClock, capacity: Int = 98_304) {
        self.clock = clock
        subjects = Mutex(RateTable(rate: rates.requests, capacity: capacity))
        agents = Mutex(RateTable(rate: rates.agentRequests, capacity: capacity / 4))
        addresses = Mutex(RateTable(rate: rates.failedAuthentications, capacity: capacity))
    }

    /// Counts one request of `subject`.
    func take(_ subject: RateSubject, at now: Timestamp) -> RateDecision {
        if subject.role == .agent { return agents.withLock { $0.take(subject.name, at: now) } }
        return subjects.withLock { $0.take(subject.name, at: now) }
    }

    /// Counts one request from `peer` whose token was missing or bad.
    ///
    /// Only such requests are refused beyond the rate: a good token passes from any address, so that nobody can lock out
    /// others behind the same gateway.
    func takeFailure(from peer: String) -> RateDecision {
        let now = clock.now
        let network = PeerNetwork(address: peer)
        return addresses.withLock { $0.take(network, at: now) }
    }
}

/// What requests with a good token are counted by: whom it names, as whom.
struct RateSubject: Sendable {
    let role: Role
    let name: ShortDigest

    init(_ caller: Caller) {
        role = caller.role
        // No role's name has a colon.
        name = ShortDigest(Array("\(caller.role.rawValue):\(caller.subject)".utf8))
    }
}
