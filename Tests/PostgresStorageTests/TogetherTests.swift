import PluginAPI
import StorageWork
import Testing

@testable import PostgresStorage

extension AllTests {
    @Suite("Reads that travel together", .timeLimit(.minutes(2)))
    struct TogetherTests {
        @Test("Each gets its own answer, all in one transaction of the server's")
        func answers() async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                try await bench.prepare(Self.read(0))
                let waiting = await bench.wait(for: (1...8).map { Self.read($0) })

                bench.worker.carryOut(bench.taken(8))

                let rows = try await waiting.rows()
                #expect(rows.map { $0.first?.integer("number") } == (1...8).map { $0 })
                #expect(Set(rows.compactMap { $0.first?.timestamp("moment") }).count == 1)
                #expect(bench.queue.remove { _ in true }.isEmpty)
            }
        }

        @Test("One that is refused costs the others nothing, wherever it stands", arguments: 1...4)
        func refused(place: Int) async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                try await bench.prepare("SELECT 12 / \(Int64(3)) AS share")
                let waiting = await bench.wait(
                    for: (1...4).map { "SELECT 12 / \(Int64($0 == place ? 0 : $0)) AS share" })

                bench.worker.carryOut(bench.taken(4))
                bench.carryOutRest(by: bench.worker)

                for (number, answer) in zip(1..., await waiting.answers()) {
                    switch answer {
                    case .success(let rows): #expect(number != place && rows.first?.integer(0) == 12 / Int64(number))
                    case .failure(.statement(let detail)): #expect(number == place && detail.contains("zero"))
                    case .failure(let error): throw error
                    }
                }
            }
        }

        @Test(
            "What stands before a slow one has its answer, what stands behind it is done by others meanwhile",
            arguments: 0...3)
        func slow(place: Int) async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                try await bench.prepare(Self.locking(9))
                let holder = try bench.connection()
                try holder.begin(lock: Int64(place))
                let before = await bench.wait(for: (0..<place).map { Self.locking($0) })
                let slow = await bench.wait(for: [Self.locking(place)])
                let behind = await bench.wait(for: (place + 1..<4).map { Self.locking($0) })
                let jobs = bench.taken(4)

                let thread = try WorkerThread { bench.worker.carryOut(jobs) }
                try #expect(await Self.numbers(before) == (0..<place).map { Int64($0) })
                if place < 3 {
                    bench.other.carryOut(bench.taken(4))
                    bench.carryOutRest(by: bench.other)
                }
                try #expect(await Self.numbers(behind) == (place + 1..<4).map { Int64($0) })
                holder.rollBack()
                await thread.join()

                try #expect(await slow.rows().first?.first?.integer("number") == Int64(place))
                let next = await bench.wait(for: [Self.read(7)])
                bench.worker.carryOut(bench.taken(1))
                try #expect(await next.rows().first?.first?.integer("number") == 7)
            }
        }

        @Test("A deadline ends the slow one alone, wherever it stands", arguments: 0...3)
        func deadline(place: Int) async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                try await bench.prepare(Self.locking(9))
                let holder = try bench.connection()
                try holder.begin(lock: Int64(place))
                let before = await bench.wait(for: (0..<place).map { Self.locking($0) })
                let late = await bench.wait(for: [Self.locking(place)], deadline: .now + .milliseconds(300))
                let behind = await bench.wait(for: (place + 1..<4).map { Self.locking($0) })

                bench.worker.carryOut(bench.taken(4))
                bench.carryOutRest(by: bench.worker)

                await #expect(throws: StorageError.timedOut) { try await late.rows() }
                try #expect(await before.rows().count == place)
                try #expect(await Self.numbers(behind) == (place + 1..<4).map { Int64($0) })
                holder.rollBack()
            }
        }

        @Test("A connection that ends in the middle costs nobody anything")
        func cut() async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                try await bench.prepare(Self.locking(1))
                let holder = try bench.connection()
                try holder.begin(lock: 0)
                let waiting = await bench.wait(for: (0...3).map { Self.locking($0) })
                let jobs = bench.taken(4)

                let thread = try WorkerThread { bench.worker.carryOut(jobs) }
                let back = bench.taken(3)
                try TestDatabase.command(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = '\(database.name)' AND wait_event = 'advisory'
                    """)
                holder.rollBack()
                await thread.join()
                bench.other.carryOut(back)
                bench.carryOutRest(by: bench.other)

                try #expect(await waiting.rows().map { $0.first?.integer("number") } == [0, 1, 2, 3])
            }
        }

        @Test("Statements prepared before the schema changed are prepared again")
        func schemaChange() async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                let holder = try bench.connection()
                try holder.begin(timeout: nil)
                try holder.executeScript("CREATE TABLE kept (id bigint); INSERT INTO kept VALUES (1)")
                try holder.commit()
                try await bench.prepare("SELECT * FROM kept")
                try holder.begin(timeout: nil)
                try holder.executeScript("ALTER TABLE kept ADD COLUMN note text")
                try holder.commit()
                let waiting = await bench.wait(for: [SQL](repeating: "SELECT * FROM kept", count: 4))

                bench.worker.carryOut(bench.taken(4))
                bench.carryOutRest(by: bench.worker)

                try #expect(await waiting.rows().allSatisfy { $0.columns == ["id", "note"] })
            }
        }

        @Test("A statement that is new or was slow runs by itself; what stands behind it goes back in its order")
        func alone() async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                try await bench.prepare(Self.read(0))
                try await bench.run("SELECT pg_sleep(0.02) IS NULL AS done")
                let slow = await bench.wait(for: ["SELECT pg_sleep(0.02) IS NULL AS done"])
                let fresh = await bench.wait(for: ["SELECT 5 AS number"])
                let waiting = await bench.wait(for: (1...2).map { Self.read($0) })

                bench.worker.carryOut(bench.taken(4))
                #expect(await slow.answers().count == 1)
                let behind = bench.taken(4)
                #expect(behind.count == 3)
                bench.worker.carryOut(behind)
                try #expect(await fresh.rows().first?.first?.integer(0) == 5)
                let last = bench.taken(4)
                #expect(last.count == 2)
                bench.worker.carryOut(last)

                try #expect(await waiting.rows().map { $0.first?.integer("number") } == [1, 2])
            }
        }

        @Test("One behind a slow one is told when its time is over; after 20 ms what is left goes back")
        func behind() async throws {
            let calls = [WaitingReads.call(), WaitingReads.call(deadline: .now), WaitingReads.call()]
            let jobs = calls.map { ReadJob(statement: StatementText("SELECT 1", for: .postgres), call: $0) }
            let statement = PreparedStatement(text: "SELECT 1", name: "s1", parameterTypes: [])
            let entries = try jobs.map {
                ReadBatch.Entry(job: $0, statement: statement, parameters: try Parameters([], of: "SELECT 1"))
            }
            var back: [ReadJob] = []
            let batch = ReadBatch(entries) { back += $0 }
            let told = await WaitingReads.begin(calls[1]) { nil }
            let start = ContinuousClock.now

            batch.begin(at: start)
            batch.lookAfter(at: start + .milliseconds(19))
            #expect(back.isEmpty)
            batch.lookAfter(at: start + .milliseconds(20))
            batch.lookAfter(at: start + .milliseconds(30))

            #expect(back.map { $0.call === calls[2] } == [true])
            let answer = await told.value
            #expect(throws: StorageError.timedOut) { try answer.get() }
        }

        private static func numbers(_ waiting: WaitingReads) async throws -> [Int64?] {
            try await waiting.rows().map { $0.first?.integer("number") }
        }

        private static func read(_ number: Int) -> SQL {
            "SELECT \(Int64(number)) AS number, transaction_timestamp() AS moment"
        }

        /// Waits for the advisory lock of its number, if somebody holds it.
        private static func locking(_ number: Int) -> SQL {
            "SELECT \(Int64(number)) AS number, pg_advisory_xact_lock_shared(\(Int64(number))) IS NULL AS waited"
        }
    }
}
