import Glibc
import PluginAPI
import StorageWork
import Synchronization
import Testing

/// Which thread a job goes to.
@Suite("A queue of jobs", .timeLimit(.minutes(1)))
struct JobQueueTests {
    @Test("A thrifty job is left to a thread that is at such jobs, and no other is woken")
    func thrifty() async throws {
        let queue = Self.queue(takersMax: 1)
        let working = try Self.working(queue)
        let idle = try Hand(queue)

        for id in 2...9 { #expect(queue.append(.thrifty(id)).isShortOfTakers == false) }

        #expect(queue.hasIdleTaker)
        #expect(queue.take(as: working, atMost: 32).map(\.id) == Array(2...9))
        await idle.dismiss()
    }

    @Test("Another is woken for one that is not thrifty, and for those there are too many of")
    func woken() async throws {
        for jobs in [[Item.usual(2)], [.thrifty(2), .thrifty(3)]] {
            let queue = Self.queue(takersMax: 2)
            let working = try Self.working(queue)
            let idle = try Hand(queue)

            for job in jobs { _ = queue.append(job) }

            #expect(!queue.hasIdleTaker)
            #expect(await idle.taken() == [2])
            _ = working
        }
    }

    @Test("Another is woken once the oldest has waited for too long")
    func late() async throws {
        let queue = Self.queue(takersMax: 1)
        let working = try Self.working(queue)
        let idle = try Hand(queue)

        _ = queue.append(.thrifty(2))
        _ = queue.append(.thrifty(3, after: .milliseconds(10)))
        #expect(queue.hasIdleTaker)
        _ = queue.append(.thrifty(4, after: .milliseconds(11)))

        #expect(!queue.hasIdleTaker)
        #expect(await idle.taken().first == 2)
        _ = working
    }

    @Test("What waits for a thread that does not get on is another's")
    func delayed() async throws {
        let queue = Self.queue(takersMax: 1)
        let working = try Self.working(queue)
        let idle = try Hand(queue)
        _ = queue.append(.thrifty(2))
        #expect(queue.hasIdleTaker)

        #expect(!queue.delayed(working))

        #expect(!queue.hasIdleTaker)
        #expect(await idle.taken() == [2])
        #expect(!queue.delayed(working), "a second time it is no news")
    }

    @Test("A thread is asked for when one is needed and none is idle, and only then")
    func short() throws {
        let queue = Self.queue(takersMax: 2)
        #expect(queue.append(.thrifty(1)).isShortOfTakers)
        let working = JobTaker()
        #expect(queue.take(as: working, atMost: 1).map(\.id) == [1])
        #expect(!queue.append(.thrifty(2)).isShortOfTakers)
        #expect(queue.append(.thrifty(3)).isShortOfTakers)
        #expect(queue.append(.usual(4)).isShortOfTakers)
        #expect(queue.delayed(working))
        #expect(!queue.delayed(working))
    }

    @Test("What is put back waits for the thread at work, or wakes another when there is none")
    func putBack() async throws {
        let queue = Self.queue(takersMax: 1)
        let working = try Self.working(queue)
        let idle = try Hand(queue)
        #expect(!queue.putBack([.thrifty(5), .thrifty(6)]))
        #expect(queue.hasIdleTaker)
        let taken = queue.take(as: working, atMost: 32)
        #expect(taken.map(\.id) == [5, 6])
        _ = queue.delayed(working)

        #expect(!queue.putBack(taken))

        #expect(!queue.hasIdleTaker)
        #expect(await idle.taken() == [5])
    }

    @Test("The thread that went idle last is woken first")
    func latestFirst() async throws {
        let queue = Self.queue(takersMax: 1)
        let hands = try [Hand(queue, named: 1), Hand(queue, named: 2)]

        _ = queue.append(.usual(1))
        #expect(await hands[1].taken() == [1])

        _ = queue.append(.usual(2))
        #expect(await hands[0].taken() == [2])
    }

    @Test("Threads at thrifty jobs share what waits")
    func shares() async throws {
        let queue = Self.queue(takersMax: 2)
        let working = try Self.working(queue)
        for id in 2...9 { _ = queue.append(.thrifty(id)) }
        let other = JobTaker()

        #expect(queue.take(as: other, atMost: 32).map(\.id) == [2, 3, 4, 5])
        #expect(queue.take(as: working, atMost: 32).map(\.id) == [6, 7])
        #expect(queue.take(as: other, atMost: 32).map(\.id) == [8])
    }

    @Test("Of more threads than thrifty jobs are left to one rests as soon as it is back")
    func rests() async throws {
        let queue = Self.queue(takersMax: 1)
        let other = try Hand(queue, takes: 2)
        _ = queue.append(.thrifty(1))
        while other.ids.isEmpty {}
        _ = queue.append(.thrifty(2))
        _ = queue.delayed(other.taker)
        let working = JobTaker()
        #expect(queue.take(as: working, atMost: 1).map(\.id) == [2])
        _ = queue.append(.thrifty(3))

        other.returns()
        while queue.idleTotal == 0, other.ids.count == 1 {}

        try #require(queue.idleTotal == 1)
        #expect(queue.needsNoMore)
        #expect(queue.take(as: working, atMost: 32).map(\.id) == [3])
        _ = queue.append(.usual(4))
        #expect(await other.taken() == [1, 4])
    }

    @Test("None rests while a job waits that is not thrifty, or one that has waited for too long")
    func works() throws {
        for job in [Item.usual(4), .thrifty(4)] {
            let (queue, time) = (Self.queue(takersMax: 1, at: .milliseconds(job.isThrifty ? 11 : 0)), 30)
            let working = try Self.working(queue)
            _ = queue.append(.thrifty(2))
            _ = queue.delayed(working)
            let (back, other) = (JobTaker(), JobTaker())
            #expect(queue.take(as: back, atMost: 1).map(\.id) == [2])
            _ = queue.append(.thrifty(3))
            _ = queue.append(job)

            #expect(!queue.needsNoMore)
            #expect(queue.take(as: other, atMost: 1, patience: time).map(\.id) == [3])
            #expect(queue.take(as: working, atMost: 1, patience: time).map(\.id) == [4])
        }
    }

    @Test("What is put back or taken out counts as waiting, or not, whatever it is")
    func counts() throws {
        let queue = Self.queue(takersMax: 1)
        let working = try Self.working(queue)
        _ = queue.append(.usual(2))
        #expect(!queue.needsNoMore)
        #expect(queue.remove { $0.id == 2 }.map(\.id) == [2])
        queue.putBack([.thrifty(3), .usual(4)])
        #expect(!queue.needsNoMore)

        #expect(queue.remove { !$0.isThrifty }.map(\.id) == [4])

        #expect(queue.needsNoMore, "the one at work will do the third")
        #expect(queue.take(as: JobTaker(), atMost: 1, patience: 0).isEmpty, "it is not for one whose patience ends")
        #expect(queue.take(as: working, atMost: 1, patience: 30).map(\.id) == [3])
    }

    @Test("Without thrift every job wakes a thread")
    func unthrifty() async throws {
        let queue = JobQueue<Item>()
        let working = try Self.working(queue)
        let idle = try Hand(queue)

        #expect(!queue.append(.thrifty(2)).isShortOfTakers)

        #expect(!queue.hasIdleTaker)
        #expect(await idle.taken() == [2])
        #expect(queue.append(.thrifty(3)).isShortOfTakers)
        _ = working
    }

    /// - Parameter time: How long ago the first jobs have joined it, for whom there is one that looks.
    private static func queue(takersMax: Int, at time: Duration = .zero) -> JobQueue<Item> {
        JobQueue(
            thrift: JobThrift(
                takersMax: takersMax, waitMax: .milliseconds(10), isThrifty: \.isThrifty, queuedAt: \.queuedAt,
                now: { Item.start + time }))
    }

    /// A thread that is at a thrifty job.
    private static func working(_ queue: JobQueue<Item>) throws -> JobTaker {
        let taker = JobTaker()
        _ = queue.append(.thrifty(1))
        try #require(queue.take(as: taker, atMost: 1).map(\.id) == [1])
        return taker
    }
}

/// A job that is nothing but a name.
private struct Item: Sendable {
    static let start = ContinuousClock.now

    var id: Int
    var isThrifty: Bool
    var queuedAt: ContinuousClock.Instant

    static func thrifty(_ id: Int, after time: Duration = .zero) -> Item {
        Item(id: id, isThrifty: true, queuedAt: start + time)
    }

    static func usual(_ id: Int) -> Item { Item(id: id, isThrifty: false, queuedAt: start) }
}

/// A thread that takes a job from a queue; it waits for it when this is made.
private final class Hand: Sendable {
    private let queue: JobQueue<Item>
    let taker = JobTaker()
    private let thread: WorkerThread
    private let found: Found

    private final class Found: Sendable {
        let ids = Mutex<[Int]>([])
        let hasLeave = Atomic(false)
    }

    /// - Parameters:
    ///   - idleTotal: Which of the idle threads it is.
    ///   - jobsTotal: How many it takes, one after the other; behind the first it waits for ``returns()``.
    init(_ queue: JobQueue<Item>, named idleTotal: Int = 1, takes jobsTotal: Int = 1) throws {
        let (found, taker) = (Found(), taker)
        (self.queue, self.found) = (queue, found)
        thread = try WorkerThread {
            for job in 0..<jobsTotal {
                while job > 0, !found.hasLeave.load(ordering: .acquiring) { usleep(100) }
                let taken = queue.take(as: taker, atMost: 1).map(\.id)
                found.ids.withLock { $0 += taken }
            }
        }
        while queue.idleTotal < idleTotal {}
    }

    /// It has done with the first job.
    func returns() { found.hasLeave.store(true, ordering: .releasing) }

    /// What it has taken so far.
    var ids: [Int] { found.ids.withLock { $0 } }

    /// What it took, once it has.
    func taken() async -> [Int] {
        await thread.join()
        return ids
    }

    /// Ends it with nothing.
    func dismiss() async {
        queue.close()
        await #expect(taken() == [])
    }
}
