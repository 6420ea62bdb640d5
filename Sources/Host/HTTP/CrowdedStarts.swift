import NIOCore

/// What an event loop still has to begin for modules that are asked for very much, a few at a time.
///
/// Thousands of requests for one module may be read in one moment. To begin or refuse their calls takes several times as
/// long as to read them, and what else comes would wait for that. So a few are begun at once and the others stand in line, one
/// line for each module, until their turn; between turns the loop does everything else.
///
/// ```
///           a place, or points, and an allowance
///   request ────────────────────────────────────► begun
///      └─ otherwise ─► module's line ── turn ──────► begun, the modules by turns
/// ```
///
/// A dynamic module has an ``Allowance`` besides: it leaves most of the processor to others for as long as they ask for anything.
/// Requests that have to be authorised first stand in no line, nor do those whose answer is kept and shared.
final class CrowdedStarts {
    /// What is to become of a request.
    enum Course {
        case begin
        /// Too many stood in line already.
        case refuse
    }

    /// - Returns: Whether a call was begun, which is what takes the processor's time.
    typealias Start = (Course) -> Bool

    /// How long the loop does everything else between two turns.
    static let pause: TimeAmount = .microseconds(500)
    /// How many may be begun in a turn, or from one to the next.
    static let pointsMax = 16
    /// Who are told in a turn, at least, that too many stand in line: thousands, too, may come in one moment.
    static let refusalsMin = 4
    /// In how many turns most of those are told who are to be.
    static let refusalTurns = 256
    /// How many are looked at in a turn, those included that cost nothing because nobody waits for them any more.
    static let looksMax = 32

    private let eventLoop: any EventLoop
    private let totals: RequestTotals
    private var lines: [ObjectIdentifier: Line] = [:]
    /// The modules that have a line, whose turn is next first.
    private var order = CircularBuffer<ObjectIdentifier>()
    /// Those for whom there was no room in line. Each is a connection's only request under way here.
    private var refusals = CircularBuffer<Start>()
    private var isTurnDue = false
    private var points = 0
    /// When there are all points again.
    private var nextTurn = NIODeadline.uptimeNanoseconds(0)

    private struct Line {
        let gate: ModuleGate
        var starts = CircularBuffer<Start>()
    }

    init(on eventLoop: any EventLoop, totals: RequestTotals) {
        self.eventLoop = eventLoop
        self.totals = totals
    }

    /// Begins a call at once or in its turn, behind all that stand in the module's line.
    ///
    /// - Precondition: Called on the event loop.
    func begin(for gate: ModuleGate, _ start: @escaping Start) {
        let id = ObjectIdentifier(gate)
        // The line itself is not looked at: whoever holds it while it grows has it copied.
        if let standing = lines[id]?.starts.count {
            standing < gate.lineMax ? append(start, id, gate) : refusals.append(start)
        } else if mustStand(gate) {
            append(start, id, gate)
        } else {
            return _ = start(.begin)
        }
        if !isTurnDue { scheduleTurn() }
    }

    private func mustStand(_ gate: ModuleGate) -> Bool {
        let now = eventLoop.now
        guard gate.admits(at: now, ofAll: totals.value), !gate.isCrowded || takePoint(at: now) else { return true }
        gate.spend()
        return false
    }

    /// How many stand in line, those included who are to be refused.
    var waiting: Int { lines.values.reduce(refusals.count) { $0 + $1.starts.count } }

    private func append(_ start: @escaping Start, _ id: ObjectIdentifier, _ gate: ModuleGate) {
        if lines[id] == nil { order.append(id) }
        lines[id, default: Line(gate: gate)].starts.append(start)
        gate.lineChanged(by: 1)
    }

    /// Nobody overtakes those who stand in line.
    private func takePoint(at now: NIODeadline) -> Bool {
        guard order.isEmpty else { return false }
        if now >= nextTurn { renewPoints(at: now) }
        guard points > 0 else { return false }
        points -= 1
        return true
    }

    private func renewPoints(at now: NIODeadline) {
        points = Self.pointsMax
        nextTurn = now + Self.pause
    }

    private func scheduleTurn() {
        isTurnDue = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: nextTurn) { bound.value.turn() }
    }

    private func turn() {
        isTurnDue = false
        renewPoints(at: eventLoop.now)
        beginFew(at: eventLoop.now)
        points = 0
        refuseFew()
        // From the turn's end on: a loop that is due at once reads nothing in between.
        nextTurn = eventLoop.now + Self.pause
        if !order.isEmpty || !refusals.isEmpty { scheduleTurn() }
    }

    private func beginFew(at now: NIODeadline) {
        // Modules in a row that may begin nothing now.
        var (looks, held) = (0, 0)
        while points > 0, looks < Self.looksMax, held < order.count, let id = order.popFirst(),
            let gate = lines[id]?.gate
        {
            guard gate.admits(at: now, ofAll: totals.value) else {
                order.append(id)
                held += 1
                continue
            }
            (looks, held) = (looks + 1, 0)
            if let start = next(of: id), start(.begin) {
                gate.spend()
                points -= 1
            }
        }
    }

    private func refuseFew() {
        for _ in 0..<max(Self.refusalsMin, refusals.count / Self.refusalTurns) { _ = refusals.popFirst()?(.refuse) }
    }

    /// Whose turn it is in a module's line. The module's next turn is behind those of all others.
    private func next(of id: ObjectIdentifier) -> Start? {
        let start = lines[id]?.starts.popFirst()
        if start != nil { lines[id]?.gate.lineChanged(by: -1) }
        if lines[id]?.starts.isEmpty == false { order.append(id) } else { lines[id] = nil }
        return start
    }
}

@available(*, unavailable)
extension CrowdedStarts: Sendable {}
