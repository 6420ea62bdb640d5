import PluginAPI

/// Long blocking work that comes up rarely, such as a backup.
package enum OwnThread {
    /// Runs `work` on a thread made for it and waits for it.
    ///
    /// - Parameter work: Asks the call now and then whether its caller has gone; it then throws ``StorageError/timedOut``.
    package static func run<Output: Sendable>(
        _ work: @escaping @Sendable (any Interruptible) throws -> Output
    ) async throws -> Output {
        let call = Call<Result<Output, any Error>>(deadline: nil) { .failure($0) }
        return try await call.answer {
            do {
                _ = try WorkerThread {
                    guard call.begin() else { return }
                    call.finish(Result { try work(call) })
                }
                return nil
            } catch {
                return .unavailable(reason: "\(error)")
            }
        }.get()
    }
}
