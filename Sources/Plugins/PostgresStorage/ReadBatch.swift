import PluginAPI
import StorageWork

/// Reads that travel to the server one behind the other and are answered in that order.
///
/// The first without an answer is the current one: the server works on it. Those behind it wait as they would in the queue:
/// one whose caller's time is over is told so, and when the current one takes its time they go back to the queue, where
/// another connection may take them. What the server still answers to those is ignored: a read may run twice.
final class ReadBatch {
    /// An object, because the batch changes it in place.
    final class Entry {
        /// `nil` once somebody else answers it.
        var job: ReadJob?
        let statement: PreparedStatement
        let parameters: Parameters

        init(job: ReadJob, statement: PreparedStatement, parameters: Parameters) {
            self.job = job
            self.statement = statement
            self.parameters = parameters
        }
    }

    /// How long the server may work on the current read until those behind it go back.
    private static let patience = Duration.milliseconds(20)

    private let giveBack: ([ReadJob]) -> Void
    let entries: [Entry]
    private var currentIndex = 0
    private var begunAt = ContinuousClock.now
    /// Answers that have come and have not been given yet.
    private var answers: [(call: ReadJob.Caller, answer: Result<Rows, StorageError>)] = []
    private var answersBytes = 0
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

    /// Gives an answer with the next ``tell()``: those that wait are told together, so that one change of threads is enough.
    ///
    /// - Parameter bytes: Its length; what is kept is told when it is more than a moment's work.
    func keep(_ answer: Result<Rows, StorageError>, of bytes: Int, for job: ReadJob) {
        answers.append((job.call, answer))
        answersBytes += bytes
        if answersBytes >= Self.bytesMax { tell() }
    }

    /// Gives the answers that have come. Called before the server is waited for.
    func tell() {
        for (call, answer) in answers { call.finish(answer) }
        answers.removeAll(keepingCapacity: true)
        answersBytes = 0
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

    /// Bytes that show that a few more answers have come; `nil` where too few are left, or none to wait with.
    ///
    /// A part of the next may have been read already: what is counted on is one answer and a half less than what comes.
    var gatherBytes: Int? {
        let next = entries[currentIndex...].prefix(Self.gatherMax).prefix { $0.statement.isBrief }
        guard next.count > 2, let last = next.last?.statement.answerBytes, last > 0 else { return nil }
        return min(Self.bytesMax, next.dropFirst().dropLast().reduce(last / 2) { $0 + $1.statement.answerBytes })
    }

    /// Answers that may come before a thread is woken for them.
    private static let gatherMax = 16
    /// Bytes that are worth a change of threads.
    private static let bytesMax = 1 << 16
}
