import HummingbirdCore
import Logging
import NIOCore
import PluginAPI
import ServiceLifecycle
import Synchronization

/// A listener: accepts connections, answers them through a ``RequestHandler``, and goes down without dropping any.
///
/// Going down has two steps. ``drain()`` lets everything be answered as before, with `Connection: close`, so that busy
/// clients leave by themselves while `/ready` already says 503. Graceful shutdown then stops accepting, closes idle
/// connections and waits for the requests under way.
final class HTTPFrontend: Service {
    private let server: any Service
    private let drainState: DrainState
    private let port: BoundPort

    /// - Parameters:
    ///   - port: 0 for any free one; ``boundPort`` tells which.
    ///   - onListening: Called with the port once connections are accepted.
    init(
        name: String,
        host: String,
        port: Int,
        serving: ServingSwitch,
        clock: any HostClock,
        eventLoops: any EventLoopGroup,
        logger: Logging.Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        let drainState = DrainState()
        let bound = BoundPort()
        let connection = HTTPConnection(
            serving: serving, clock: clock, date: HTTPDate(), drain: drainState)
        server = connection.server(
            configuration: ServerConfiguration(address: .hostname(host, port: port), serverName: nil, backlog: 1_024),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? port
                bound.set(port)
                logger.info("listening", metadata: ["listener": "\(name)", "host": "\(host)", "port": "\(port)"])
                await onListening(port)
            },
            eventLoopGroup: eventLoops,
            logger: logger
        )
        self.drainState = drainState
        self.port = bound
    }

    /// The port connections are accepted on; waits until they are.
    var boundPort: Int {
        get async { await port.value }
    }

    var openConnections: Int { drainState.openConnections }

    func run() async throws { try await server.run() }

    /// Asks every client to leave after its next answer. Nothing is refused.
    func drain() { drainState.begin() }
}

/// A port number that is known later.
final class BoundPort: Sendable {
    private enum State {
        case unknown([CheckedContinuation<Int, Never>])
        case known(Int)
    }

    private let state = Mutex<State>(.unknown([]))

    var value: Int {
        get async {
            await withCheckedContinuation { continuation in
                let known: Int? = state.withLock { state in
                    switch state {
                    case .known(let port): return port
                    case .unknown(let waiters):
                        state = .unknown(waiters + [continuation])
                        return nil
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    func set(_ port: Int) {
        let waiters: [CheckedContinuation<Int, Never>] = state.withLock { state in
            defer { state = .known(port) }
            if case .unknown(let waiters) = state { return waiters }
            return []
        }
        for waiter in waiters { waiter.resume(returning: port) }
    }
}
