import UnixSignals

/// The work of a command was ended by SIGINT or SIGTERM, and has cleaned up.
struct Interrupted: Error {}

/// Lets a command end its work in order when it is told to stop.
enum Interruption {
    /// Runs `work` and cancels it at the first SIGINT or SIGTERM; later ones change nothing.
    ///
    /// - Throws: ``Interrupted`` when the work gave up for that; what it had finished by then counts.
    static func watch<Output: Sendable>(_ work: @escaping @Sendable () async throws -> Output) async throws -> Output {
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint])
        return try await withThrowingTaskGroup(of: Output?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            if let output = try await group.next() ?? nil {
                group.cancelAll()
                return output
            }
            group.cancelAll()
            do {
                if let output = try await group.next() ?? nil { return output }
            } catch {}
            throw Interrupted()
        }
    }
}
