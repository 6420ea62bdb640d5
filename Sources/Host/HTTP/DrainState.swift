import Synchronization

/// Whether a listener is on its way down, and how many connections it still has.
final class DrainState: Sendable {
    private let draining = Atomic<Bool>(false)
    private let connections = Atomic<Int>(0)

    var isDraining: Bool { draining.load(ordering: .acquiring) }
    var openConnections: Int { connections.load(ordering: .relaxed) }

    /// From now on every answer asks its client to go elsewhere.
    func begin() { draining.store(true, ordering: .releasing) }

    func connectionOpened() { connections.wrappingAdd(1, ordering: .relaxed) }
    func connectionClosed() { connections.wrappingSubtract(1, ordering: .relaxed) }
}
