import NIOCore

/// What an event loop still has to begin for modules that have no place free, a few at a time.
///
/// Thousands of requests for one module may be read in one moment. To begin or refuse their calls takes several times as
/// long as to read them, and what else comes would wait for that. So a few are begun at once and the others stand in line, one
/// line for each module, until their turn; between turns the loop does everything else.
///
/// ```
///           module has a place, or points are left
///   request ────────────────────────────────────────► begun
///      └─ otherwise ─► module's line ── turn ──────────► begun, the modules by turns
/// ```
///
/// A dynamic module leaves most of the processor to others for as long as they ask for anything.
/// Requests that have to be authorised first stand in no line, nor do those whose answer is kept and shared.
final class CrowdedStarts {
    /// What is to become of a request.
    enum Course {
        case begin
        /// Too many stand in line already.
        case refuse
    }

    /// - Returns: Whether a call was begun, which is what takes the processor's time.
    typealias Start = (Course) -> Bool

    /// How long the loop does everything else between two turns.
    static let pause: TimeAmount = .microseconds(500)
    /// What may be begun in a turn, or from one to the next. A call costs a point.
    static let pointsMax = 16
    /// What a call into a dynamic module costs while others ask for anything: some 200 µs of processor time each, of
    /// which the module's own code is the least.
    static let pointsBesideOthers = 8
    /// For how long after they did.
    static let othersStay: TimeAmount = .milliseconds(100)
    /// How many are looked at in a turn, those included that cost nothing because nobody waits for them any more.
    static let looksMax = 32

    private let eventLoop: any EventLoop
    private let others: OtherRequests
    private var lines: [ObjectIdentifier: Line] = [:]
    /// The modules that have a line, whose turn is next first.
    private var order = CircularBuffer<ObjectIdentifier>()
    private var points = 0
    /// When there are all points again.
    private var nextTurn = NIODeadline.uptimeNanoseconds(0)
    private var othersSeen: UInt64 = 0
    private var othersUntil = NIODeadline.uptimeNanoseconds(0)

    private struct Line {
        let gate: ModuleGate
        var starts = CircularBuffer<Start>()
    }

    init(on eventLoop: any EventLoop, others: OtherRequests) {
        self.eventLoop = eventLoop
        self.others = others
    }

    /// Begins a call at once or in its turn, behind all that stand in the module's line.
    ///
    /// - Precondition: Called on the event loop.
    func begin(for gate: ModuleGate, _ start: @escaping Start) {
        let id = ObjectIdentifier(gate)
        // The line itself is not looked at: whoever holds it while it grows has it copied.
        if let standing = lines[id]?.starts.count {
            guard standing < gate.limits.waitingMax else { return _ = start(.refuse) }
        } else {
            guard gate.isCrowded, !takePoints(for: gate) else { return _ = start(.begin) }
        }
        append(start, id, gate)
    }

    /// How many stand in line.
    var waiting: Int { lines.values.reduce(0) { $0 + $1.starts.count } }

    private func append(_ start: @escaping Start, _ id: ObjectIdentifier, _ gate: ModuleGate) {
        let isFirst = order.isEmpty
        if lines[id] == nil { order.append(id) }
        lines[id, default: Line(gate: gate)].starts.append(start)
        if isFirst { scheduleTurn() }
    }

    /// Nobody overtakes those who stand in line.
    private func takePoints(for gate: ModuleGate) -> Bool {
        guard order.isEmpty else { return false }
        let now = eventLoop.now
        if now >= nextTurn { renewPoints(at: now) }
        guard points > 0 else { return false }
        points -= cost(of: gate)
        return true
    }

    private func renewPoints(at now: NIODeadline) {
        let total = others.total
        if total != othersSeen { (othersSeen, othersUntil) = (total, now + Self.othersStay) }
        points = Self.pointsMax
        nextTurn = now + Self.pause
    }

    private func cost(of gate: ModuleGate) -> Int {
        gate.threads != nil && eventLoop.now < othersUntil ? Self.pointsBesideOthers : 1
    }

    private func scheduleTurn() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: nextTurn) { bound.value.turn() }
    }

    private func turn() {
        renewPoints(at: eventLoop.now)
        var looks = 0
        while points > 0, looks < Self.looksMax, let (gate, start) = next() {
            looks += 1
            if start(.begin) { points -= cost(of: gate) }
        }
        points = 0
        // From the turn's end on: a loop that is due at once reads nothing in between.
        nextTurn = eventLoop.now + Self.pause
        if !order.isEmpty { scheduleTurn() }
    }

    private func next() -> (ModuleGate, Start)? {
        guard let id = order.popFirst(), let gate = lines[id]?.gate, let start = lines[id]?.starts.popFirst() else {
            return nil
        }
        if lines[id]?.starts.isEmpty == false { order.append(id) } else { lines[id] = nil }
        return (gate, start)
    }
}

@available(*, unavailable)
extension CrowdedStarts: Sendable {}
