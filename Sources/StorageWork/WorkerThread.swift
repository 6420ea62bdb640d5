import Glibc
package import PluginAPI
import Synchronization

/// A thread for calls that block, so that they never hold up the cooperative pool.
package final class WorkerThread: Sendable {
    private struct State {
        var hasEnded = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private final class Start: Sendable {
        let body: @Sendable () -> Void

        init(body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    private let end: End

    /// Starts the thread.
    ///
    /// - Parameter name: What tools that list threads show of it: the first fifteen bytes. It is not that of whoever starts it.
    package init(named name: String = "storage", _ body: @escaping @Sendable () -> Void) throws(ModuleError) {
        let end = End()
        self.end = end
        let start = Unmanaged.passRetained(
            Start {
                Self.setName(name)
                body()
                end.reached()
            })
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw .unavailable(reason: "cannot start a thread: \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }

    /// Names the calling thread, where the system has `/proc`.
    private static func setName(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = write(file, name, name.utf8.count)
    }

    /// Returns when the body has returned.
    package func join() async { await end.wait() }

    /// The moment a body returns, for whoever waits for it.
    private final class End: Sendable {
        private let state = Mutex(State())

        func reached() {
            let waiters = state.withLock { state in
                state.hasEnded = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        func wait() async {
            await withCheckedContinuation { continuation in
                let hasEnded = state.withLock { state in
                    if !state.hasEnded { state.waiters.append(continuation) }
                    return state.hasEnded
                }
                if hasEnded { continuation.resume() }
            }
        }
    }
}
