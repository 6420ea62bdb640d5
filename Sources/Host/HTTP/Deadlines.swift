import NIOCore
import NIOPosix
import PluginAPI
import Synchronization

/// Many deadlines with one timer between them.
///
/// Nearly every call ends before its deadline, so that to begin and to end one must cost next to nothing: a timer of an
/// event loop for each would wake that loop twice. Deadlines fire up to ``resolution`` late, never early. The timer runs
/// while there are any.
final class Deadlines: Sendable {
    /// One deadline, for whoever ends it before it fires.
    struct Ticket: Sendable {
        fileprivate let slot: Int64
        fileprivate let id: UInt64
    }

    private struct State {
        /// What fires at the end of each stretch of time of the resolution's length.
        var slots: [Int64: [UInt64: @Sendable () -> Void]] = [:]
        var count = 0
        var begunTotal: UInt64 = 0
        /// The last stretch whose deadlines have fired.
        var firedSlot: Int64 = 0
        var isTicking = false
    }

    static let resolution = Duration.milliseconds(10)
    /// How many fire before the loop does other things.
    static let shareMax = 128
    /// The process's own.
    static let shared = Deadlines(on: MultiThreadedEventLoopGroup.singleton.any())

    private let eventLoop: any EventLoop
    private let origin = ContinuousClock.now
    private let state = Mutex(State())

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// How many have neither fired nor been ended.
    var count: Int { state.withLock { $0.count } }

    /// Calls `action` once the deadline has passed, on the event loop, unless it is ended before.
    func begin(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Ticket {
        let slot = slot(of: deadline) + 1
        let (ticket, mustTick) = state.withLock { state in
            if state.count == 0 { state.firedSlot = self.slot(of: .now) }
            state.begunTotal += 1
            let ticket = Ticket(slot: max(slot, state.firedSlot + 1), id: state.begunTotal)
            state.slots[ticket.slot, default: [:]][ticket.id] = action
            state.count += 1
            defer { state.isTicking = true }
            return (ticket, !state.isTicking)
        }
        if mustTick { tick() }
        return ticket
    }

    /// Ends a deadline; one that has fired is over already.
    func end(_ ticket: Ticket) {
        let action = state.withLock { state in
            let action = state.slots[ticket.slot]?.removeValue(forKey: ticket.id)
            if action != nil { state.count -= 1 }
            if state.count == 0 { state.slots = [:] }
            return action
        }
        // What it holds on to goes outside the lock.
        withExtendedLifetime(action) {}
    }

    private func slot(of moment: ContinuousClock.Instant) -> Int64 {
        (moment - origin).wholeMicroseconds / Self.resolution.wholeMicroseconds
    }

    private func tick() {
        eventLoop.scheduleTask(in: TimeAmount(Self.resolution)) { self.fire() }
    }

    private func fire() {
        let now = slot(of: .now)
        let (actions, goesOn) = state.withLock { state in
            var actions: [@Sendable () -> Void] = []
            for slot in stride(from: state.firedSlot + 1, through: now, by: 1) {
                guard let due = state.slots.removeValue(forKey: slot) else { continue }
                actions += due.values
                state.count -= due.count
            }
            state.firedSlot = max(state.firedSlot, now)
            state.isTicking = state.count > 0
            return (actions, state.isTicking)
        }
        perform(actions[...])
        if goesOn { tick() }
    }

    /// A share of them at a time: very many that are due at once would keep the loop from everything else.
    private func perform(_ actions: ArraySlice<@Sendable () -> Void>) {
        for action in actions.prefix(Self.shareMax) { action() }
        let rest = actions.dropFirst(Self.shareMax)
        if !rest.isEmpty { eventLoop.execute { self.perform(rest) } }
    }
}
