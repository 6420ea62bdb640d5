import NIOCore
import Synchronization

/// What the connections of one event loop and one listener share.
final class LoopDesk {
    let writer = AnswerWriter()
    let starts: CrowdedStarts
    /// The requests of this loop.
    let tally: RequestTotals.Tally

    /// - Parameter totals: Of the listener.
    init(on eventLoop: any EventLoop, totals: RequestTotals = RequestTotals()) {
        starts = CrowdedStarts(on: eventLoop, totals: totals)
        tally = totals.tally()
    }
}

@available(*, unavailable)
extension LoopDesk: Sendable {}

/// The desks of a listener, one for each event loop.
final class LoopDesks: Sendable {
    private let desks = Mutex<[ObjectIdentifier: NIOLoopBoundBox<LoopDesk>]>([:])
    private let totals = RequestTotals()

    /// - Precondition: Called on the event loop.
    func desk(on eventLoop: any EventLoop) -> LoopDesk {
        let id = ObjectIdentifier(eventLoop)
        if let box = desks.withLock({ $0[id] }) { return box.value }
        let box = NIOLoopBoundBox(LoopDesk(on: eventLoop, totals: totals), eventLoop: eventLoop)
        desks.withLock { $0[id] = box }
        return box.value
    }
}
