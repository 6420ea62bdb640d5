/// What an ingest leaves to do once its transaction is stored.
struct IngestResult: Sendable {
    /// What the sender is told, as JSON.
    var answer: [UInt8]
    /// What the stages want to happen then, as ``IngestOutcome/afterCommit`` says.
    var afterCommit: [@Sendable () -> Void] = []
}
