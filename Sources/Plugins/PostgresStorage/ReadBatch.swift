import PluginAPI
import StorageWork

/// Reads that travel to the server one behind the other and are answered in that order.
///
/// The first without an answer is the current one: the server works on it. Those behind it wait as they would in the queue:
/// one whose caller's time is over is told so, and when the current one takes its time they go back to the queue, where
/// another connection may take them. What the server still answers to those is ignored: a read may run twice.
final class ReadBatch {
    struct Entry {
        /// `nil` once somebody else answers it.
        var job: ReadJob?
        let statement: PreparedStatement
        let parameters: Parameters
    }

    /// How long the server may work on the current read until those behind it go back.
    private static let patience = Duration.milliseconds(20)

    private let giveBack: ([ReadJob]) -> Void
    private(set) var entries: [Entry]
    private var currentIndex = 0
    private var begunAt = ContinuousClock.now
    /// The read that has no answer because it went wrong in a way that may be remedied. There is at most one: the server
    /// leaves out what stands behind it.
    var unfinished: (job: ReadJob, failure: ServerFailure)?

    /// - Parameter giveBack: Takes reads that were not begun.
    init(_ entries: [Entry], giveBack: @escaping ([ReadJob]) -> Void) {
        self.entries = entries
        self.giveBack = giveBack
    }

    /// `nil` when every read has its answer.
    var current: Entry? { currentIndex < entries.count ? entries[currentIndex] : nil }

    /// Begins the current read's call, unless its caller has gone.
    func begin(at now: ContinuousClock.Instant) {
        begunAt = now
        guard let job = current?.job else { return }
        if !job.begin() { entries[currentIndex].job = nil }
    }

    /// The current read's answer has come; the next one is begun.
    func advance(at now: ContinuousClock.Instant) {
        currentIndex += 1
        begin(at: now)
    }

    /// Called every few milliseconds while the server is waited for.
    func lookAfter(at now: ContinuousClock.Instant) {
        if now - begunAt >= Self.patience { return giveBackRest() }
        for index in entries.indices.dropFirst(currentIndex + 1) {
            guard let job = entries[index].job, job.caller.isOver else { continue }
            entries[index].job = nil
            job.refuse(.timedOut)
        }
    }

    /// Gives back every read behind the current one.
    func giveBackRest() {
        let rest = entries.indices.dropFirst(currentIndex + 1)
        let jobs = rest.compactMap { entries[$0].job }
        for index in rest { entries[index].job = nil }
        if !jobs.isEmpty { giveBack(jobs) }
    }
}
