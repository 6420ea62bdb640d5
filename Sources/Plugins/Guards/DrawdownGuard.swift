import PluginAPI
import TradingBook

/// Watches how far an account's equity has fallen below its peak.
///
/// ```
///            warning limit             maximum, or below the minimum equity
///   ok ◄──────────────────► warning ──────────────────────► tripped ── release ──► ok
///    └───────────────────────────────────────────────────────►┘
///   unknown: the last complete snapshot had no equity or came too late; a trip stays latched behind it
/// ```
///
/// A value: it reads no clock and no store, so the same observations in the same order give the same peak and trip.
struct DrawdownGuard: Sendable, Equatable {
    /// The highest equity that counts, moved by deposits and withdrawals since; `nil` until an equity is known.
    private(set) var peak: Figure?
    /// The equity last seen.
    private(set) var equity: Figure?
    /// An equity so far above the peak that the next complete snapshot has to confirm it.
    private(set) var pendingRise: FixedDecimal?
    private(set) var state: GuardState = .unknown
    /// The trip that has not been released.
    private(set) var trip: Trip?

    /// An amount of the account's currency and when it was so.
    struct Figure: Sendable, Equatable {
        var amount: FixedDecimal
        var at: Timestamp
    }

    /// The moment a limit was passed.
    struct Trip: Sendable, Equatable {
        var cause: Cause
        /// On the host's clock.
        var at: Timestamp
        /// When positions are to be closed; `nil` when the guard only reports.
        var liquidationAt: Timestamp?

        enum Cause: String, Sendable {
            case drawdown
            case minEquity = "min_equity"
        }
    }

    /// What one complete snapshot says.
    struct Observation: Sendable {
        /// `nil` when the snapshot has no equity.
        var equity: FixedDecimal?
        var asOf: Timestamp
        /// Flows that no earlier observation has settled.
        var flows: [Flow] = []
        /// The snapshot's figures contradict each other.
        var hasCashMismatch = false
        /// It came so late that it cannot be judged by.
        var isStale = false
        /// The host's clock.
        var now: Timestamp
    }

    /// What an observation changed beyond the guard itself.
    enum Event: Sendable, Equatable {
        /// A flow is in the peak from now on and not to be given again.
        case settled(flow: String)
        /// The warning limit is passed, and was not before.
        case warned
        case tripped(Trip)
    }

    init() {}

    /// A guard as it was stored.
    init(peak: Figure?, equity: Figure?, pendingRise: FixedDecimal?, state: GuardState, trip: Trip?) {
        self.peak = peak
        self.equity = equity
        self.pendingRise = pendingRise
        self.state = state
        self.trip = trip
    }

    /// Takes in a complete snapshot: first its flows, then its equity, then the verdict.
    mutating func observe(_ observation: Observation, limits: DrawdownLimits) -> [Event] {
        guard let amount = observation.equity else {
            state = .unknown
            return []
        }
        let flows = settle(observation.flows, firstPeakAt: observation.asOf)
        equity = Figure(amount: amount, at: observation.asOf)
        raisePeak(to: amount, observation)
        return flows + judge(amount, observation, limits)
    }

    /// Ends the latch: the peak is the equity last seen, and the next snapshot is judged by it.
    mutating func release() {
        trip = nil
        peak = equity
        pendingRise = nil
        if state == .tripped { state = .ok }
    }

    /// How far the equity is below the peak, in percent from 0 to 100; `nil` while no equity is known.
    func drawdown(digits: Int) -> FixedDecimal? {
        guard let peak = peak?.amount, let equity = equity?.amount else { return nil }
        let fall = peak - equity
        guard fall > .zero else { return .zero }
        guard equity > .zero, let share = fall.multiplied(by: FixedDecimal(100)) else { return FixedDecimal(100) }
        return share.divided(by: peak, digits: digits) ?? FixedDecimal(100)
    }

    /// A transfer after the peak moves it, so that a withdrawal is no loss and a deposit no gain. One before the peak is
    /// already in it. An unexplained rise is moved the same way: it is the equity last seen, at that equity's time.
    private mutating func settle(_ flows: [Flow], firstPeakAt: Timestamp) -> [Event] {
        flows.compactMap { flow in
            guard let known = peak else {
                return flow.time <= firstPeakAt ? .settled(flow: flow.id) : nil
            }
            if flow.time > known.at { peak?.amount += flow.amount }
            if let equity, flow.time > equity.at { pendingRise? += flow.amount }
            return .settled(flow: flow.id)
        }
    }

    private mutating func raisePeak(to amount: FixedDecimal, _ observation: Observation) {
        guard let known = peak?.amount else {
            peak = Figure(amount: amount, at: observation.asOf)
            return
        }
        let waiting = pendingRise
        pendingRise = nil
        guard amount > known, !observation.hasCashMismatch else { return }
        guard Self.isUnexplained(amount, above: known) else {
            peak = Figure(amount: amount, at: observation.asOf)
            return
        }
        // A flow told late may have explained the first of the two.
        guard let waiting, Self.isUnexplained(waiting, above: known) else {
            pendingRise = amount
            return
        }
        peak = Figure(amount: min(waiting, amount), at: observation.asOf)
    }

    private mutating func judge(
        _ amount: FixedDecimal,
        _ observation: Observation,
        _ limits: DrawdownLimits
    ) -> [Event] {
        if observation.isStale {
            state = .unknown
            return []
        }
        if trip != nil {
            state = .tripped
            return []
        }
        let fall = (peak?.amount ?? amount) - amount
        let whole = peak?.amount ?? amount
        if fall > .zero, fall.isAtLeast(limits.max, percentOf: whole) {
            return latch(.drawdown, observation.now, limits)
        }
        if amount < limits.minEquity { return latch(.minEquity, observation.now, limits) }
        let before = state
        state = fall > .zero && fall.isAtLeast(limits.warning, percentOf: whole) ? .warning : .ok
        return state == .warning && before != .warning ? [.warned] : []
    }

    private mutating func latch(_ cause: Trip.Cause, _ now: Timestamp, _ limits: DrawdownLimits) -> [Event] {
        let made = Trip(cause: cause, at: now, liquidationAt: limits.act == .close ? now + limits.countdown : nil)
        trip = made
        state = .tripped
        return [.tripped(made)]
    }

    private static func isUnexplained(_ amount: FixedDecimal, above peak: FixedDecimal) -> Bool {
        (amount - peak).isMoreThan(unexplainedRiseMax, percentOf: peak.magnitude)
    }

    /// An equity further above the peak than this, in percent, is taken for a glitch until it is seen twice.
    private static let unexplainedRiseMax = FixedDecimal(20)
}
