import Glibc
import PluginAPI
import StorageWork
import Synchronization
import Testing

@testable import Host

@Suite("A module's own threads", .timeLimit(.minutes(1)))
struct ModuleThreadsTests {
    @Test("Code runs there, gives up its core soon, and comes back from wherever it has waited")
    func place() async throws {
        let threads = ModuleThreads(of: "an_id_of_more_than_fifteen_bytes")
        let outside = Door()

        let places = try await ModuleThreads.run(on: threads) {
            var places = [Place.here]
            try await Task.sleep(for: .milliseconds(1))
            places.append(.here)
            async let opening: Void = outside.open()
            await outside.pass()
            _ = await opening
            places.append(.here)
            async let child = Place.asked()
            return places + [await child]
        }

        let host = Place.here
        #expect(places.allSatisfy { $0.name == "an_id_of_more_t" && $0.niceness == host.niceness })
        #expect(host.name != "an_id_of_more_t")
    }

    @Test("One call that loops leaves a thread to another, and all of them leave the host alone")
    func looping() async throws {
        let (threads, isOver, entered) = (ModuleThreads(of: "loops"), Flag(), Tally())
        let loops = (1..<ModuleThreads.countMax).map { _ in
            Task {
                try await ModuleThreads.run(on: threads) {
                    entered.add()
                    while !isOver.isUp {}
                }
            }
        }
        while entered.value < loops.count { await Task.yield() }

        let other = try await ModuleThreads.run(on: threads) { Place.here.name }
        let last = Task {
            try await ModuleThreads.run(on: threads) {
                entered.add()
                while !isOver.isUp {}
            }
        }
        while entered.value < loops.count + 1 { await Task.yield() }
        let host = await Task { Place.here.name }.value
        isOver.raise()

        #expect(other == "loops" && host != "loops")
        for loop in loops + [last] { try await loop.value }
    }

    @Test("They end when nobody holds them")
    func end() async throws {
        var threads: ModuleThreads? = ModuleThreads(of: "leaves")
        let task = try await ModuleThreads.run(on: threads) { Place.here.task }
        #expect(Place.exists(task))

        threads = nil

        while Place.exists(task) { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test("An error that only the module knows is put in words there; others stay what they are")
    func errors() async throws {
        let threads = ModuleThreads(of: "speaks")
        func failure(_ error: any Error) async -> any Error {
            do {
                try await ModuleThreads.run(on: threads) { throw error }
                return CancellationError()
            } catch { return error }
        }

        #expect("\(await failure(Spoken()))" == "said on speaks")
        #expect(await failure(Problem.notFound("x")) as? Problem == .notFound("x"))
        #expect(await failure(StorageError.timedOut) as? StorageError == .timedOut)
        #expect(await failure(EventNotTaken.refused(reason: "x")) as? EventNotTaken == .refused(reason: "x"))
        await #expect(throws: Spoken.self) { try await ModuleThreads.run(on: nil) { throw Spoken() } }
    }

    @Test("What a module does when its call is cancelled it does on its threads, and the call is given up meanwhile")
    func cancelled() async throws {
        let (threads, isOver, inside) = (ModuleThreads(of: "cleans_up"), Flag(), Tally())
        let handler = Mutex<String?>(nil)
        let gate = ModuleGate("cleans_up", limits: ModuleLimits(), metrics: RecordingMetrics(), threads: threads)
        let call = Task {
            try await gate.call("ask", replyMax: 10) {
                await withTaskCancellationHandler {
                    inside.add()
                    while !isOver.isUp { try? await Task.sleep(for: .milliseconds(1)) }
                } onCancel: {
                    handler.withLock { $0 = Place.here.name }
                    while !isOver.isUp { usleep(1_000) }
                }
                return Reply(body: [])
            }
        }
        while inside.value < 1 { await Task.yield() }

        // Whoever cancels does not wait for the module, whose handler does not end before it is told to.
        let cancelling = Thread { call.cancel() }
        while gate.overdue == 0 || handler.withLock({ $0 }) == nil { try await Task.sleep(for: .milliseconds(1)) }
        await cancelling.join()
        isOver.raise()

        _ = try? await call.value
        #expect(handler.withLock { $0 } == "cleans_up")
    }

    @Test("A module is told of as in trouble while as many of its calls as it has threads have not come back")
    func trouble() async throws {
        let (threads, isOver, inside) = (ModuleThreads(of: "stuck"), Flag(), Tally())
        let gate = ModuleGate("stuck", limits: ModuleLimits(), metrics: RecordingMetrics(), threads: threads)
        var calls: [Task<Reply, any Error>] = []
        for number in 1...ModuleThreads.countMax {
            #expect(gate.trouble == nil)
            let call = Task {
                try await gate.call("ask", replyMax: 10) {
                    inside.add()
                    while !isOver.isUp {}
                    return Reply(body: [])
                }
            }
            while inside.value < number { await Task.yield() }
            call.cancel()
            calls.append(call)
        }

        #expect(gate.trouble?.contains("as it has threads") == true)
        isOver.raise()
        for call in calls { _ = try? await call.value }
        #expect(gate.trouble == nil)
    }

    @Test("A thread of the host's that is begun from there is like any other")
    func begunFromThere() async throws {
        let threads = ModuleThreads(of: "begins")

        let (begun, usual) = (
            try await ModuleThreads.run(on: threads) { try await Thread.asked() }, try await Thread.asked()
        )

        #expect(begun.name == usual.name && begun.niceness == usual.niceness && begun.slice == usual.slice)
    }

    @Test("Work that was given up before its turn came is not begun")
    func givenUpInLine() async throws {
        let (threads, isOver, begun) = (ModuleThreads(of: "queues"), Flag(), Tally())
        let loops = (0..<ModuleThreads.countMax).map { _ in
            Task {
                try await ModuleThreads.run(on: threads) {
                    begun.add()
                    while !isOver.isUp {}
                }
            }
        }
        while begun.value < loops.count { await Task.yield() }

        let waiting = Task { try await ModuleThreads.run(on: threads) { begun.add() } }
        try await Task.sleep(for: .milliseconds(20))
        waiting.cancel()
        isOver.raise()

        await #expect(throws: CancellationError.self) { try await waiting.value }
        for loop in loops { try await loop.value }
        #expect(begun.value == loops.count)
    }

    @Test("A call whose caller has gone before the module's threads came to it is not begun")
    func gone() async throws {
        let (threads, isOver, begun) = (ModuleThreads(of: "busy"), Flag(), Tally())
        let gate = ModuleGate("busy", limits: ModuleLimits(), metrics: RecordingMetrics(), threads: threads)
        let loops = (0..<ModuleThreads.countMax).map { _ in
            Task {
                try await ModuleThreads.run(on: threads) {
                    begun.add()
                    while !isOver.isUp {}
                }
            }
        }
        while begun.value < loops.count { await Task.yield() }
        // One that is cancelled before it waits for the threads is over at once.
        var calls: [Task<Reply, any Error>] = []
        while gate.overdue == 0 {
            let call = Task {
                try await gate.call("ask", replyMax: 10) {
                    begun.add()
                    return Reply(body: [])
                }
            }
            try await Task.sleep(for: .milliseconds(1))
            call.cancel()
            calls.append(call)
        }
        isOver.raise()

        for call in calls { await #expect(throws: CancellationError.self) { try await call.value } }
        #expect(begun.value == loops.count && gate.overdue == 0)
        for loop in loops { try await loop.value }
    }

    private struct Spoken: Error, CustomStringConvertible {
        var description: String { "said on \(Place.here.name)" }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isUp: Bool { value.load(ordering: .sequentiallyConsistent) }
        func raise() { value.store(true, ordering: .sequentiallyConsistent) }
    }

    /// One of the host's that block.
    private struct Thread {
        private let worker: WorkerThread?

        init(_ body: @escaping @Sendable () -> Void) { worker = try? WorkerThread(body) }

        func join() async { await worker?.join() }

        /// Where such a thread is that the caller begins.
        static func asked() async throws -> Place {
            let place = Mutex<Place?>(nil)
            await begun { place.withLock { $0 = .here } }
            return try #require(place.withLock { $0 })
        }

        private static func begun(_ body: @escaping @Sendable () -> Void) async { await Thread(body).join() }
    }

    /// Where code runs.
    private struct Place {
        var task: Int
        var name: String
        var niceness: Int32
        /// How long it keeps a core, in nanoseconds.
        var slice: String

        static func asked() async -> Place { here }

        static var here: Place {
            let text = read("/proc/thread-self/stat")
            let fields = text[text.index(after: text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
            let name = read("/proc/thread-self/comm").dropLast()
            let slice = read("/proc/thread-self/sched").split(separator: "\n").first { $0.hasPrefix("se.slice ") }
            return Place(
                task: Int(text.prefix { $0 != " " }) ?? 0, name: String(name), niceness: Int32(fields[16]) ?? -1,
                slice: slice.map { String($0.split(separator: " ").last ?? "") } ?? "")
        }

        static func exists(_ task: Int) -> Bool { access("/proc/self/task/\(task)", F_OK) == 0 }

        private static func read(_ path: String) -> String {
            guard let file = fopen(path, "r") else { return "" }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = fread(&bytes, 1, bytes.count, file)
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }
}
