import Glibc
import PluginAPI
import StorageWork

/// A thread's work: jobs, one after the other, on the connection it keeps.
final class Worker {
    /// Attempts at a job that others are in the way of.
    private static let attemptsMax = 10

    private let target: Target
    private let backoff: Backoff
    private let meter: ConnectionMeter
    private var connection: Connection?

    init(target: Target, backoff: Backoff, meter: ConnectionMeter) {
        self.target = target
        self.backoff = backoff
        self.meter = meter
    }

    /// Does a job, again if need be, and sees to it that its caller gets an answer.
    func carryOut(_ job: any Job) {
        guard job.begin() else { return }
        var attempts = 0
        while let failure = attempt(job) {
            attempts += 1
            let attemptsMax = failure.remedy == .again ? Self.attemptsMax : 2
            guard failure.remedy != .none, attempts < attemptsMax, !job.caller.isOver else {
                return job.refuse(job.caller.isOver ? .timedOut : failure.error)
            }
            switch failure.remedy {
            // Two that met once would meet again without a pause of different length.
            case .again: usleep(UInt32.random(in: 500...5_000) * UInt32(attempts))
            case .prepareAgain: connection?.forgetStatements()
            case .reconnect, .none: break
            }
        }
    }

    func disconnect() {
        guard connection != nil else { return }
        connection = nil
        meter.closed(1)
    }

    private func attempt(_ job: any Job) -> ServerFailure? {
        let connection: Connection
        do {
            connection = try connected(for: job.caller)
        } catch {
            return ServerFailure(error: error.error)
        }
        connection.current = job.caller
        defer {
            connection.current = nil
            if connection.isBroken { disconnect() }
        }
        return meter.working { job.attempt(on: connection) }
    }

    private func connected(for caller: any Interruptible) throws(ServerFailure) -> Connection {
        if let connection { return connection }
        if let reason = backoff.refusal { throw .lost(reason) }
        do {
            let opened = try Connection(to: target, for: caller)
            connection = opened
            meter.opened(1)
            backoff.succeeded()
            return opened
        } catch {
            if error.error != .timedOut { backoff.failed(error.error.reason) }
            throw error
        }
    }
}
