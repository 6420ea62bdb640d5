import NIOCore
import Synchronization

/// What the connections of one event loop and one listener share.
final class LoopDesk {
    let writer = AnswerWriter()
    let starts: CrowdedStarts
    /// Of this loop.
    let others: OtherRequests.Tally

    /// - Parameter others: Of the listener.
    init(on eventLoop: any EventLoop, others: OtherRequests = OtherRequests()) {
        starts = CrowdedStarts(on: eventLoop, others: others)
        self.others = others.tally()
    }
}

@available(*, unavailable)
extension LoopDesk: Sendable {}

/// The desks of a listener, one for each event loop.
final class LoopDesks: Sendable {
    private let desks = Mutex<[ObjectIdentifier: NIOLoopBoundBox<LoopDesk>]>([:])
    private let others = OtherRequests()

    /// - Precondition: Called on the event loop.
    func desk(on eventLoop: any EventLoop) -> LoopDesk {
        let id = ObjectIdentifier(eventLoop)
        if let box = desks.withLock({ $0[id] }) { return box.value }
        let box = NIOLoopBoundBox(LoopDesk(on: eventLoop, others: others), eventLoop: eventLoop)
        desks.withLock { $0[id] = box }
        return box.value
    }
}
