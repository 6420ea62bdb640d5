import CLibpq
import Glibc
import PluginAPI
import StorageWork
import Synchronization

/// A request to the server to end what a connection runs. It goes over a connection of its own and may block, so it has a
/// thread of its own.
final class ServerCancel: Sendable {
    /// libpq's copy of what a cancellation needs.
    ///
    /// `@unchecked Sendable`: made by one thread, then used and freed by the other only.
    private final class Ticket: @unchecked Sendable {
        let handle: OpaquePointer

        init?(_ connection: OpaquePointer) {
            guard let handle = PQgetCancel(connection) else { return nil }
            self.handle = handle
        }

        deinit { PQfreeCancel(handle) }
    }

    private let hasEnded = Mutex(false)

    /// - Returns: A request under way; when it cannot be made, one that never ends, so that the connection is given up.
    static func send(to connection: OpaquePointer) -> ServerCancel {
        let cancel = ServerCancel()
        guard let ticket = Ticket(connection) else { return cancel }
        _ = try? WorkerThread {
            var message = [CChar](repeating: 0, count: 256)
            PQcancel(ticket.handle, &message, Int32(message.count))
            cancel.hasEnded.withLock { $0 = true }
        }
        return cancel
    }

    /// Waits for the request to have been delivered.
    func isOver(within limit: Duration) -> Bool {
        let latest = ContinuousClock.now + limit
        while !hasEnded.withLock({ $0 }) {
            if ContinuousClock.now >= latest { return false }
            usleep(1_000)
        }
        return true
    }
}
