import NIOCore
import PluginAPI

/// What calls into one module from outside may take of the processor while anything else is asked for.
///
/// A call takes some 100 µs of processor time, of which the module's own code is often the least. Thousands of them in one moment would
/// keep everybody else from the cores. So a few begin in one moment and the others at a steady pace, for as long as others ask; alone,
/// a module takes all there is. A token bucket: Turner, New Directions in Communications, IEEE Communications Magazine 24 (10), 1986.
struct Allowance: Sendable {
    /// Calls that may begin in one moment.
    static let callsMax = 16
    /// Between two calls after those: a tenth of all cores, where one can do ten in a millisecond.
    static let interval = TimeAmount.nanoseconds(1_000_000 / Int64(System.coreCount))
    /// For how long others are reckoned with after they have asked for something.
    static let othersStay = TimeAmount.milliseconds(100)

    private var calls = Allowance.callsMax
    private var renewedAt = NIODeadline.uptimeNanoseconds(0)
    private var othersSeen: Int64 = 0
    private var othersUntil = NIODeadline.uptimeNanoseconds(0)

    /// Whether a call may begin now.
    ///
    /// - Parameter others: How many requests for anything else there have been, at least.
    mutating func admits(at now: NIODeadline, others: Int64) -> Bool {
        if others > othersSeen { (othersSeen, othersUntil) = (others, now + Self.othersStay) }
        renew(at: now)
        return calls > 0 || now >= othersUntil
    }

    /// A call begins.
    mutating func spend() { calls = max(0, calls - 1) }

    private mutating func renew(at now: NIODeadline) {
        let steps = (now - renewedAt).nanoseconds / Self.interval.nanoseconds
        guard steps > 0 else { return }
        calls = Int(min(Int64(Self.callsMax), Int64(calls) + steps))
        // A bucket that is full has no time to its credit.
        renewedAt = calls == Self.callsMax ? now : renewedAt + .nanoseconds(steps * Self.interval.nanoseconds)
    }
}
