import PluginAPI
import TradingBook

/// One subscription's way from the outbox to its module.
struct EventLane: Sendable {
    let observed: EventSubscriptions.Observed
    private let outbox: Outbox
    private let clock: any HostClock
    private let meters: EventMeters
    private let logger: any Logger

    /// What a lease lasts longer than the calls under it, for the claim itself, for writing down what became of it, and for
    /// hosts whose clocks differ.
    static let leaseReserve: Duration = .seconds(10)

    init(
        _ observed: EventSubscriptions.Observed,
        outbox: Outbox,
        clock: any HostClock,
        meters: EventMeters,
        logger: any Logger
    ) {
        (self.observed, self.outbox, self.clock) = (observed, outbox, clock)
        (self.meters, self.logger) = (meters, logger)
    }

    /// A claim and until when this host begins to deliver under it.
    struct Claim: Sendable {
        var events: ClaimedEvents
        var beginsUntil: ContinuousClock.Instant
    }

    /// - Returns: The queues of accounts that this host alone may deliver now. None where storage does not answer, which tells
    ///   of itself.
    func claim(limit: Int) async -> [Claim] {
        guard limit > 0, mayDeliver else { return [] }
        let timeout = observed.subscription.timeout
        let token = String(UInt64.random(in: .min ... .max), radix: 16)
        do {
            while try await outbox.isDue(observed.name, at: clock.now) {
                // Taken before the lease's own time, so that this host's patience ends first.
                let began = ContinuousClock.now
                let now = clock.now
                let lease = timeout + timeout + Self.leaseReserve
                let look = try await outbox.storage.transaction(deadline: began + Self.leaseReserve) {
                    [outbox, observed] in
                    try outbox.claim(observed.name, limit: limit, token: token, lease: lease, at: now, in: $0)
                }
                guard look.claimed.isEmpty, !look.sawAll else {
                    return look.claimed.map { Claim(events: $0, beginsUntil: began + timeout) }
                }
            }
        } catch {
            logger.debug("events not claimed", ["subscription": observed.name, "error": "\(error)"])
        }
        return []
    }

    /// What an observer does not come back from, it does once for each account that is under way, and not again and again.
    private var mayDeliver: Bool { observed.service.status().isServing && !observed.service.deliveries.areAbandoned }

    /// Delivers a claim's events in their order until one is not taken or the time is up, and writes down what became of them.
    func deliver(_ claim: Claim) async {
        var outcome = ClaimedEvents.Outcome(taken: 0)
        for event in claim.events.events {
            guard ContinuousClock.now <= claim.beginsUntil, !Task.isCancelled, mayDeliver else { break }
            let ending = await deliver(event)
            guard let ending else {
                outcome.taken += 1
                continue
            }
            outcome.ending = ending
            break
        }
        await write(outcome, of: claim)
    }

    /// - Returns: `nil` when it was taken.
    private func deliver(_ event: Event) async -> ClaimedEvents.Outcome.Ending? {
        let (observer, subscription, threads) = (
            observed.observer, observed.subscription, observed.service.gates?.threads
        )
        let failure: EventNotTaken
        do {
            try await observed.service.deliveries.run(within: subscription.timeout) {
                try await ModuleThreads.run(on: threads) {
                    try await observer.observe(event, for: subscription.name)
                }
            }
            meters.delivered.increment()
            return nil
        } catch is CancellationError {
            return .untried
        } catch let error as EventNotTaken {
            failure = error
        } catch let error as DeadlineExceeded {
            failure = .tryAgain(after: nil, reason: "it took longer than \(error.limit)")
            observed.service.gates?.note("event delivery", failure)
        } catch {
            failure = .tryAgain(after: nil, reason: "\(error)")
        }
        if Task.isCancelled { return .untried }
        return ending(of: event, failure)
    }

    private func ending(of event: Event, _ failure: EventNotTaken) -> ClaimedEvents.Outcome.Ending {
        switch failure {
        case .refused(let reason): return givenUp(event, reason)
        case .tryAgain(_, let reason) where event.attempt >= observed.subscription.attemptsMax:
            return givenUp(event, reason)
        case .tryAgain(let after, let reason):
            meters.failed.increment()
            let pause = observed.subscription.pause(
                afterAttempt: event.attempt, atLeast: after, share: Double.random(in: 0...1))
            logger.info(
                "event not taken",
                [
                    "subscription": observed.name, "event": event.id, "attempt": "\(event.attempt)", "reason": reason,
                    "pause": "\(pause)",
                ])
            return .failed(tryAgainAt: clock.now + pause, reason: reason)
        @unknown default: return givenUp(event, "\(failure)")
        }
    }

    private func givenUp(_ event: Event, _ reason: String) -> ClaimedEvents.Outcome.Ending {
        meters.dead.increment()
        logger.warning(
            "event is a dead letter",
            ["subscription": observed.name, "event": event.id, "attempt": "\(event.attempt)", "reason": reason])
        return .givenUp(reason: reason)
    }

    private func write(_ outcome: ClaimedEvents.Outcome, of claim: Claim) async {
        let (outbox, module, now) = (outbox, observed.service.id, clock.now)
        // Awaited here, and not to be cancelled with the host: what was delivered is written down before storage closes.
        let writing = Task {
            try await outbox.storage.transaction(deadline: .now + Self.leaseReserve) {
                try outbox.settle(claim.events, outcome, module: module, at: now, in: $0)
            }
        }
        do {
            if try await writing.value { return }
            logger.warning("events delivered after their lease", ["subscription": observed.name])
        } catch {
            logger.warning("deliveries not written down", ["subscription": observed.name, "error": "\(error)"])
        }
    }
}

extension EventSubscription {
    /// What is waited behind a failed attempt: twice as long as behind the one before, up to the longest pause, and between
    /// that and three quarters of it, so that what failed together is not tried together.
    ///
    /// - Parameters:
    ///   - afterAttempt: Counts from 1.
    ///   - atLeast: What the observer has asked for; an hour of it is honoured.
    ///   - share: Between 0 and 1; chance.
    func pause(afterAttempt attempt: Int64, atLeast asked: Duration?, share: Double) -> Duration {
        let doublings = min(max(attempt, 1) - 1, 32)
        let whole = min(firstPause * (1 << Int(doublings)), pauseMax)
        let pause = whole * (0.75 + 0.25 * share)
        return max(pause, min(asked ?? .zero, .seconds(3_600)))
    }
}
