import CLibpq
import Glibc
import PluginAPI
import StorageWork

extension Connection {
    /// Connects without blocking for longer than the caller waits.
    static func open(_ target: Target, for call: (any Interruptible)?) throws(ServerFailure) -> OpaquePointer {
        let parameters: [(key: String, value: String)]
        do {
            parameters = try target.parameters()
        } catch {
            throw .lost("the database's URL cannot be read: \(error.reason)")
        }
        guard let handle = start(parameters) else { throw .lost("out of memory") }
        do {
            try finish(handle, until: .now + Target.connectMax, for: call)
        } catch {
            PQfinish(handle)
            throw error
        }
        return handle
    }

    static func lastMessage(_ handle: OpaquePointer) -> String {
        // Continued lines begin with a tab.
        let text = String(cString: PQerrorMessage(handle)).split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix(while: \.isWhitespace) }.joined(separator: "; ")
        return text.isEmpty ? "the connection to the server was lost" : text
    }

    private static func start(_ parameters: [(key: String, value: String)]) -> OpaquePointer? {
        let keys = parameters.map { strdup($0.key) }
        let values = parameters.map { strdup($0.value) }
        defer { for text in keys + values { free(text) } }
        return PQconnectStartParams(
            keys.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    }

    private static func finish(
        _ handle: OpaquePointer, until latest: ContinuousClock.Instant, for call: (any Interruptible)?
    ) throws(ServerFailure) {
        guard PQstatus(handle) != CONNECTION_BAD else { throw .lost(lastMessage(handle)) }
        var next = PGRES_POLLING_WRITING
        while next != PGRES_POLLING_OK {
            if next == PGRES_POLLING_FAILED { throw .lost(lastMessage(handle)) }
            let events = Int16(next == PGRES_POLLING_READING ? POLLIN : POLLOUT)
            var descriptor = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            let count = poll(&descriptor, 1, 10)
            if call?.isOver == true { throw ServerFailure(error: .timedOut) }
            if ContinuousClock.now >= latest { throw .lost("the server did not answer within \(Target.connectMax)") }
            if count > 0 { next = PQconnectPoll(handle) }
        }
    }
}
