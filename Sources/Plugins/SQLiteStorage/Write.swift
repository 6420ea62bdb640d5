import PluginAPI
import StorageWork
import Synchronization

/// One transaction on its way to the writer thread.
protocol Write: Sendable {
    var call: any Interruptible { get }

    /// Whether somebody still waits; otherwise the call has been answered and the write is not run.
    func begin() -> Bool

    /// Runs the body and keeps what it returned or threw. May be called again after a rollback.
    /// - Returns: What the body threw, or `nil`.
    func run(in transaction: SQLiteTransaction) -> (any Error)?

    /// Gives the caller what the body returned or threw; only after the commit.
    func acknowledge()

    /// Tells the caller that nothing was changed.
    func refuse(_ error: any Error)
}

/// A transaction whose body returns `Output`.
final class BodyWrite<Output: Sendable>: Write {
    private let body: @Sendable (any Transaction) throws -> Output
    private let pending: Call<Result<Output, any Error>>
    private let outcome = Mutex<Result<Output, any Error>?>(nil)

    init(body: @escaping @Sendable (any Transaction) throws -> Output, call: Call<Result<Output, any Error>>) {
        self.body = body
        pending = call
    }

    var call: any Interruptible { pending }

    func begin() -> Bool { pending.begin() }

    func run(in transaction: SQLiteTransaction) -> (any Error)? {
        let result = Result { try body(transaction) }
        outcome.withLock { $0 = result }
        if case .failure(let error) = result { return error }
        return nil
    }

    func acknowledge() {
        if let outcome = outcome.withLock({ $0 }) { pending.finish(outcome) }
    }

    func refuse(_ error: any Error) { pending.finish(.failure(error)) }
}
