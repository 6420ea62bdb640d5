import NIOCore
import PluginAPI
import Synchronization

/// What stands before one module and one audience for as long as it is loaded: how many calls run and wait, which of them have not come back,
/// and whether it is called at all.
///
/// A call that is given up at its deadline is cancelled and keeps its place until it comes back, so that calls which never do
/// are as many as may run. Once they have all places, nobody waits behind them.
///
/// A module from outside is on ``Probation`` first.
final class ModuleGate: Sendable {
    /// Told of every failure: what the module was doing, and what that came to.
    typealias FaultListener = @Sendable (_ doing: String, _ fault: String) -> Void

    /// How a call is getting on.
    private enum Course { case inTime, overdue, judged }

    /// A call that the module has not come back from.
    private struct RunningCall {
        var course = Course.inTime
        /// Whether what it comes to is not to be held for or against the module: it began before that was enabled.
        var isForgotten = false
    }

    private struct State {
        var limits: ModuleLimits
        var probation: Probation
        var breaker = CallBreaker()
        var running: [UInt64: RunningCall] = [:]
        var overdueCount = 0
        var callsTotal: UInt64 = 0

        var runningMax: Int { min(limits.callsMax, probation.callsMax ?? .max) }
        /// What may not run yet may wait.
        var waitingMax: Int { limits.waitingMax + limits.callsMax - runningMax }

        /// Why nobody is called while those have all places that have not come back; `nil` while they have not.
        var fullOfOverdue: ModuleHeldBack? {
            guard overdueCount >= limits.callsMax else { return nil }
            return ModuleHeldBack(
                reason: "as many of its calls as may run have passed their deadline and not come back",
                wait: limits.pause)
        }

        /// What those are told who may not be called while the module is left alone, or tried by somebody else.
        func heldAfterFailures(at now: ContinuousClock.Instant) -> ModuleHeldBack {
            let until = breaker.refusal(at: now, pause: limits.pause)
            return .afterFailures(wait: until.map { $0 - now } ?? limits.pause)
        }
    }

    private let state: Mutex<State>
    /// Where the module's code runs; `nil` for where the host's does.
    let threads: ModuleThreads?
    let limiter: CallLimiter
    private let allowance = Mutex(Allowance())
    /// Requests for calls of a module from outside.
    private let askedTotal = Atomic<UInt64>(0)
    private let openings: any Counter
    /// The module's, whoever has called.
    private let counts: CallCounts
    private let grace: Duration
    private let probation: Duration?
    private let resizing = Mutex(())
    private let now: @Sendable () -> ContinuousClock.Instant
    private let onFault: FaultListener
    private let onTrouble: @Sendable () -> Void

    /// - Parameters:
    ///   - counts: Those of all gates of the module; `nil` where there is this one alone.
    ///   - grace: How long after its deadline a call may take to say that it was storage that did not answer.
    ///   - probation: How long that of a module from outside lasts at most; `nil` for none.
    ///   - onTrouble: Told that ``trouble`` may be another.
    init(
        _ module: ModuleDescriptor.ModuleID,
        limits: ModuleLimits,
        metrics: any Metrics,
        threads: ModuleThreads? = nil,
        counts: CallCounts? = nil,
        grace: Duration = .seconds(2),
        probation: Duration? = Probation.length,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        onFault: @escaping FaultListener = { _, _ in },
        onTrouble: @escaping @Sendable () -> Void = {}
    ) {
        let begin = State(limits: limits, probation: Probation(isOver: threads == nil || probation == nil))
        state = Mutex(begin)
        self.threads = threads
        self.counts = counts ?? CallCounts(of: module, metrics)
        limiter = CallLimiter(
            runningMax: begin.runningMax, waitingMax: begin.waitingMax, counting: self.counts.waiting)
        openings = metrics.counter(
            "module_breaker_openings_total", help: "How often a module was left alone because its calls failed.",
            labels: [("module", module)])
        (self.grace, self.probation, self.now) = (grace, probation, now)
        (self.onFault, self.onTrouble) = (onFault, onTrouble)
    }

    var limits: ModuleLimits { state.withLock { $0.limits } }

    /// Calls that were given up and have not come back.
    var overdue: Int { state.withLock { $0.overdueCount } }

    /// Calls that wait for their turn, in line on an event loop or here.
    var waiting: Int { counts.waiting.value }

    /// Why the module is not called, or only now and then; `nil` when it is.
    var trouble: String? { state.withLock { trouble($0) } }

    /// From now on other limits hold; what runs and waits stays. Without a number of failures the module is called again.
    func apply(_ limits: ModuleLimits) {
        state.withLock { state in
            state.limits = limits
            if limits.failuresMax == 0 { state.breaker.close() }
        }
        resize()
        changed(hasOpened: false)
    }

    /// One at a time, so that the last change is the last to hold.
    private func resize() {
        resizing.withLock { _ in
            let (runningMax, waitingMax) = state.withLock { ($0.runningMax, $0.waitingMax) }
            limiter.resize(runningMax: runningMax, waitingMax: waitingMax)
        }
    }

    /// Forgets what has failed: the module is called again as when it was loaded, beside calls that are under way and that
    /// prove nothing any more.
    func reset() {
        state.withLock { state in
            state.breaker.close()
            for id in state.running.keys { state.running[id]?.isForgotten = true }
            if threads != nil, probation != nil { state.probation.renew(beside: state.running.count) }
        }
        resize()
        changed(hasOpened: false)
    }

    /// The module leaves: what has not come back is nobody's trouble that the metrics should tell of.
    func retire() { counts.retire() }

    /// How many may stand in line on an event loop: those whom an allowance holds back want no place in the queue.
    var lineMax: Int { threads == nil ? limits.waitingMax : max(limits.waitingMax, Allowance.callsMax) }

    /// So many more stand in line on an event loop, or fewer.
    func lineChanged(by change: Int) { counts.waiting.change(by: change) }

    /// Whether as many calls run as may.
    var isCrowded: Bool { limiter.isCrowded }

    /// Somebody asks for a call, and is counted among all requests next.
    func asked() {
        if threads != nil { askedTotal.add(1, ordering: .releasing) }
    }

    /// How many of so many requests were for anything else; those counted that have asked since make it less, never more.
    func others(ofAll total: UInt64) -> Int64 { Int64(bitPattern: total &- askedTotal.load(ordering: .acquiring)) }

    /// Whether a call that begins now leaves enough of the processor to those who ask for anything else.
    ///
    /// - Parameter total: Of all requests, those for this module included; counted before.
    func admits(at now: NIODeadline, ofAll total: @autoclosure () -> UInt64) -> Bool {
        guard threads != nil else { return true }
        let others = others(ofAll: total())
        return allowance.withLock { $0.admits(at: now, others: others) }
    }

    /// A call begins that was admitted.
    func spend() {
        if threads != nil { allowance.withLock { $0.spend() } }
    }

    /// What a call that came now would be refused with; `nil` for one that would run or wait. It decides nothing: what is
    /// let through may be refused all the same.
    var refusalAtHand: (any Error)? {
        let now = now()
        let held = state.withLock { state -> ModuleHeldBack? in
            if let full = state.fullOfOverdue { return full }
            return state.breaker.refusal(at: now, pause: state.limits.pause).map { .afterFailures(wait: $0 - now) }
        }
        return held ?? (limiter.isFull ? Overloaded() : nil)
    }

    /// Calls the module when it is its turn.
    ///
    /// The task is cancelled at the call's deadline and not before.
    ///
    /// - Parameters:
    ///   - replyMax: Bytes.
    ///   - time: Which the call has; `nil` for no end. Where very many wait, each would come to its turn just before its deadline
    ///     and fail for having no time, if it were not too late then.
    /// - Throws: ``ModuleHeldBack`` at once while the module is left alone, ``Overloaded`` when too many wait or it is too late,
    ///   ``ReplyTooLarge``, `CancellationError`, ``UnaskedCancellation``, or what the module throws.
    func call(
        _ operation: String, replyMax: Int, time: CallTime? = nil,
        _ body: @escaping @Sendable () async throws -> Reply
    ) async throws -> Reply {
        let turn = try begin(time)
        let outcome: Result<Reply, any Error>
        do {
            outcome = try await limiter.run(unless: { refusal(of: turn) }) {
                let outcome = await run(turn, operation, replyMax, body)
                // Before its place is anybody else's: whoever waits for it may have to be refused now.
                settle(turn, operation, outcome)
                return outcome
            }
        } catch {
            settle(turn, operation, .failure(error))
            throw error
        }
        return try outcome.get()
    }

    /// Sends away all who wait for their turn.
    func refuseWaiting(_ refusal: Problem) { limiter.refuseWaiting(refusal) }

    /// Writes down a failure of something that the module does by itself.
    func note(_ doing: String, _ fault: any Error) { onFault(doing, FaultText.text(of: fault)) }

    // MARK: - One call

    struct Turn {
        var id: UInt64
        var isTrial: Bool
        var time: CallTime?

        var verdictOnLate: CallBreaker.Verdict { time?.isShort == true ? .unknown : .failed }

        func isTooLate(at now: ContinuousClock.Instant) -> Bool { time.map { $0.latestStart < now } ?? false }
    }

    func begin(_ time: CallTime?) throws(ModuleHeldBack) -> Turn {
        let now = now()
        let outcome: Result<Turn, ModuleHeldBack> = state.withLock { state in
            if let full = state.fullOfOverdue { return .failure(full) }
            switch state.breaker.admit(at: now, pause: state.limits.pause) {
            case .refused(let until): return .failure(.afterFailures(wait: until - now))
            case .admitted(let isTrial):
                state.callsTotal += 1
                return .success(Turn(id: state.callsTotal, isTrial: isTrial, time: time))
            }
        }
        return try outcome.get()
    }

    /// Why a call that was let through may not wait any more.
    private func refusal(of turn: Turn) -> (any Error)? {
        let now = now()
        let held = state.withLock { state -> ModuleHeldBack? in
            if let full = state.fullOfOverdue { return full }
            let mayRun = state.breaker.isClosed || turn.isTrial && state.breaker.isTrying
            return mayRun ? nil : state.heldAfterFailures(at: now)
        }
        if let held { return held }
        return turn.isTooLate(at: now) ? Overloaded() : nil
    }

    private func run(
        _ turn: Turn, _ operation: String, _ replyMax: Int, _ body: @escaping @Sendable () async throws -> Reply
    ) async -> Result<Reply, any Error> {
        do {
            try Task.checkCancellation()
            // What it was let through by may have changed until it came to its place.
            if let refusal = refusal(of: turn) { throw refusal }
            let moduleMax = started(turn)
            return .success(
                try await withTaskCancellationHandler {
                    try await ModuleThreads.run(on: threads) {
                        try self.checkStart(of: turn)
                        return try await Self.perform(replyMax, moduleMax, body)
                    }
                } onCancel: {
                    _ = giveUp(turn, operation)
                })
        } catch {
            return .failure(error)
        }
    }

    /// One of the module's threads has come to a call, which may have waited for that, too.
    func checkStart(of turn: Turn) throws(Overloaded) {
        if turn.isTooLate(at: now()) { throw Overloaded() }
    }

    /// - Returns: Bytes of a reply that any operation of the module may give.
    func started(_ turn: Turn) -> Int {
        let (first, replyMax) = state.withLock { state in
            state.running[turn.id] = RunningCall()
            return (state.probation.begin(), state.limits.replyMax)
        }
        if let first, let probation {
            _ = Deadlines.shared.begin(at: .now + probation) { [weak self] in self?.endProbation(first) }
        }
        return replyMax
    }

    private func endProbation(_ number: Int) {
        if state.withLock({ $0.probation.end(number) }) { resize() }
    }

    /// What runs on the module's threads. What is too large is let go by them, too.
    static func perform(
        _ replyMax: Int, _ moduleMax: Int, _ body: @Sendable () async throws -> Reply
    ) async throws -> Reply {
        do {
            // Whoever asked may have gone before the module's threads came to it.
            try Task.checkCancellation()
            let reply = try await body()
            if let excess = ReplyTooLarge(reply, of: replyMax, moduleMax: moduleMax) { throw excess }
            return reply
        } catch is CancellationError where !Task.isCancelled {
            throw UnaskedCancellation()
        }
    }

    /// Whether a call has been given up before the module's threads came to it.
    func isGivenUp(_ turn: Turn) -> Bool { state.withLock { $0.running[turn.id]?.course != .inTime } }

    /// The deadline has come while the module is at it.
    ///
    /// - Returns: Whether it is so.
    func giveUp(_ turn: Turn, _ operation: String) -> Bool {
        let hasEnded = state.withLock { state -> Bool? in
            guard let call = state.running[turn.id], call.course == .inTime else { return nil }
            state.running[turn.id]?.course = .overdue
            count(1, &state)
            return !call.isForgotten && state.probation.end(nil)
        }
        guard let hasEnded else { return false }
        if hasEnded { resize() }
        // Fires once, and finds the call gone where it has come back.
        _ = Deadlines.shared.begin(at: .now + grace) { [weak self] in self?.judgeOverdue(turn, operation) }
        changed(hasOpened: false)
        return true
    }

    /// A call has not even come back to say why.
    private func judgeOverdue(_ turn: Turn, _ operation: String) {
        let now = now()
        let hasOpened = state.withLock { state -> Bool? in
            guard let call = state.running[turn.id], call.course == .overdue else { return nil }
            state.running[turn.id]?.course = .judged
            return call.isForgotten ? nil : Self.judge(&state, turn, turn.verdictOnLate, at: now)
        }
        guard let hasOpened else { return }
        if turn.verdictOnLate.isFailure { onFault(operation, Self.late) }
        changed(hasOpened: hasOpened)
    }

    /// The call has ended, or never begun.
    func settle(_ turn: Turn, _ operation: String, _ outcome: Result<Reply, any Error>) {
        switch outcome {
        case .success(let reply):
            settle(turn, FailureAnswer.verdict(of: reply), operation, "it answered \(reply.status)")
        case .failure(let error):
            settle(
                turn, FailureAnswer.verdict(of: error), operation, FaultText.text(of: error),
                isStorage: error is StorageError)
        }
    }

    /// - Parameter text: What a failure says of itself; made when it is one, and never under the lock, because it may be
    ///   the module that makes it.
    private func settle(
        _ turn: Turn, _ verdict: CallBreaker.Verdict, _ operation: String, _ text: @autoclosure () -> String,
        isStorage: Bool = false
    ) {
        let now = now()
        let found = state.withLock { state -> Settled in
            let before = trouble(state)
            // One that has never begun is in time.
            let call = state.running.removeValue(forKey: turn.id) ?? RunningCall()
            var settled = Settled(verdict: verdict, isOverdue: call.course != .inTime)
            if settled.isOverdue { count(-1, &state) }
            // What comes too late is a failure, unless storage was late, or what came before the call.
            if settled.isOverdue, !isStorage, verdict != .endangering { settled.verdict = turn.verdictOnLate }
            settled.isJudged = !call.isForgotten && (call.course != .judged || verdict == .endangering)
            settled.isOtherRoom =
                call.isForgotten
                ? state.probation.leave() : settled.verdict == .answered && state.probation.end(nil)
            if settled.isJudged { settled.hasOpened = Self.judge(&state, turn, settled.verdict, at: now) }
            settled.isNews = before != trouble(state)
            return settled
        }
        if found.isJudged, found.verdict.isFailure {
            onFault(operation, found.isOverdue && verdict != .endangering ? Self.late : text())
        }
        if found.isOtherRoom { resize() }
        if found.isNews || found.hasOpened { changed(hasOpened: found.hasOpened) }
    }

    /// What the end of a call has changed.
    private struct Settled {
        var verdict: CallBreaker.Verdict
        var isOverdue: Bool
        var isJudged = true
        var hasOpened = false
        /// Whether more or fewer may be called at a time now: a probation is over, or one has ended beside which it began.
        var isOtherRoom = false
        var isNews = false
    }

    private func count(_ change: Int, _ state: inout State) {
        state.overdueCount += change
        counts.overdue.change(by: change)
    }

    /// - Returns: Whether the module is left alone from now on.
    private static func judge(
        _ state: inout State, _ turn: Turn, _ verdict: CallBreaker.Verdict, at now: ContinuousClock.Instant
    ) -> Bool {
        let wasClosed = state.breaker.isClosed
        state.breaker.settle(verdict, isTrial: turn.isTrial, at: now, failuresMax: state.limits.failuresMax)
        return wasClosed && !state.breaker.isClosed
    }

    private func changed(hasOpened: Bool) {
        let now = now()
        if hasOpened { openings.increment() }
        // Whoever waits would be refused if they came now.
        let refusal = state.withLock { state -> ModuleHeldBack? in
            if let full = state.fullOfOverdue { return full }
            return hasOpened && !state.breaker.isClosed ? state.heldAfterFailures(at: now) : nil
        }
        if let refusal { limiter.refuseWaiting(refusal) }
        onTrouble()
    }

    // MARK: - Words

    private static let late = "it did not answer in time"

    /// For everybody: what a failure says of itself is for operators.
    private func trouble(_ state: State) -> String? {
        if let full = state.fullOfOverdue { return full.reason }
        if !state.breaker.isClosed { return "its calls fail, and one is tried now and then" }
        // They may wait for something, and not hold a thread; more often they do.
        guard threads != nil, state.overdueCount >= ModuleThreads.countMax else { return nil }
        return "as many of its calls as it has threads have passed their deadline and not come back"
    }
}
