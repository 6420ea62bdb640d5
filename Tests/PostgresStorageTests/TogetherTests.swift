import CLibpq
import Glibc
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

        @Test("What waits behind an answer that keeps coming in for long is done by a thread that was idle")
        func streaming() async throws {
            try await TestDatabase.with { database in
                let thrift = JobThrift<any Job>(
                    takersMax: 1, waitMax: .seconds(60), isThrifty: { $0.asRead != nil }, queuedAt: \.queuedAt)
                let bench = WorkBench(database, thrift: thrift)
                try await bench.prepare(Self.streaming(1))
                let slow = await bench.wait(for: [Self.streaming(1_500)])
                let behind = await bench.wait(for: (1...3).map { _ in Self.streaming(1) })
                let jobs = bench.worker.take(atMost: 4, patience: 30)
                let idle = try bench.idleThread()
                let thread = try WorkerThread { bench.worker.carryOut(jobs) }

                let first = await withTaskGroup(of: String.self) { group in
                    group.addTask {
                        _ = await slow.answers(); return "slow"
                    }
                    group.addTask {
                        _ = await behind.answers(); return "behind"
                    }
                    return await group.next()
                }

                #expect(first == "behind")
                try #expect(await behind.rows().map(\.count) == [1, 1, 1])
                try #expect(await slow.rows().map(\.count) == [1_500])
                bench.queue.close()
                await thread.join()
                await idle.join()
            }
        }

        @Test("Who reads a statement that is not brief, or whose answer keeps coming in, says so")
        func delayed() async throws {
            try await TestDatabase.with { database in
                let delays = Tally()
                let target = Target(url: Secret(database.url), statementTimeout: .seconds(30))
                let connection = try Connection(to: target, for: nil) { _ = delays.next() }
                // Of 8 KB a row, which is what the server sends at once.
                let statement = StatementText(
                    "SELECT repeat('x', 8000) AS text, pg_sleep(0.001) IS NULL AS pause FROM generate_series(1, 20)",
                    for: .postgres)

                let before = delays.total
                _ = try connection.read(statement)
                #expect(delays.total > before, "it is new")

                let found = connection.statements.find(statement.text)
                let known = try #require(found)
                known.took(.zero)
                #expect(known.isBrief)
                let begun = delays.total
                _ = try connection.read(statement)
                #expect(delays.total == begun + 1, "never silent for 5 ms, and 20 altogether")

                let large = StatementText("SELECT repeat('x', 300000) AS text", for: .postgres)
                _ = try connection.read(large)
                connection.statements.find(large.text)?.took(.zero)
                let untilThen = delays.total
                _ = try connection.read(large)
                #expect(delays.total > untilThen, "reading its cells takes time")
            }
        }

        @Test("A statement is brief by the least it took lately, and never while the server is far away")
        func brief() {
            let statement = PreparedStatement(text: "SELECT 1", name: "s1", parameterTypes: [])
            #expect(!statement.isBrief)
            statement.took(.microseconds(400))
            #expect(statement.isBrief)
            statement.took(.milliseconds(40))
            #expect(statement.isBrief && !statement.isQuick, "something was in its way")
            for _ in 1...10 { statement.took(.milliseconds(40)) }
            #expect(!statement.isBrief)
            statement.took(.microseconds(10), usually: .milliseconds(5))
            #expect(!statement.isBrief && statement.isQuick)
        }

        @Test("Five milliseconds of waiting are a delay, whatever came in meanwhile, and news once")
        func moment() {
            let begin = ContinuousClock.now
            var wait = ServerWait(giveUpAt: begin + .seconds(30))
            wait.next(at: begin + .milliseconds(1), giveUpAt: begin + .seconds(30))

            let news = [5_999, 6_000, 7_000].map { wait.noteDelay(at: begin + .microseconds($0)) }

            #expect(news == [false, true, false])
            #expect(wait.isDelayed)
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

        @Test(
            "A few brief answers may come together, the last and those before one that is not brief come by themselves")
        func gathered() throws {
            func statement(_ bytes: Int, took time: Duration = .zero) -> PreparedStatement {
                let statement = PreparedStatement(text: "SELECT 1", name: "s1", parameterTypes: [])
                statement.took(time)
                statement.answered(bytes: bytes)
                return statement
            }
            let (brief, long) = (statement(1_000), statement(1_000, took: .milliseconds(2)))
            func bytes(_ statements: [PreparedStatement], answered: Int = 0) throws -> Int? {
                let batch = ReadBatch(
                    try statements.map {
                        ReadBatch.Entry(
                            job: ReadJob(
                                statement: StatementText("SELECT 1", for: .postgres), call: WaitingReads.call()),
                            statement: $0, parameters: try Parameters([], of: "SELECT 1"))
                    }
                ) { _ in }
                for _ in 0..<answered { batch.advance(at: .now) }
                return batch.gatherBytes
            }

            #expect(try bytes([brief, brief, brief, brief]) == 2_500)
            #expect(try bytes([brief, brief, brief, brief], answered: 1) == 1_500)
            #expect(try bytes([brief, brief, brief, brief], answered: 2) == nil, "a part of one may have come already")
            #expect(try bytes([PreparedStatement](repeating: brief, count: 20)) == 14_500)
            #expect(try bytes([PreparedStatement](repeating: statement(200_000), count: 9)) == 1 << 16)
            #expect(try bytes([brief, long, brief, brief]) == nil)
            #expect(try bytes([brief, brief, statement(0)]) == nil, "of which nothing is known")
            #expect(try bytes([brief, brief, brief, long, brief]) == 1_500)
        }

        @Test("An answer says how long it was on its way, and a statement goes by the least of them")
        func bytes() async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                let read: SQL = "SELECT repeat('x', 100) AS text, NULL::text AS nothing FROM generate_series(1, 3)"
                try await bench.run(read)

                let found = bench.worker.connection?.statements.find(StatementText(read, for: .postgres).text)
                let statement = try #require(found)

                #expect(statement.answerBytes == 32 + 2 * 25 + 3 * (7 + 4 + 100 + 4))
                statement.answered(bytes: 1_000_000)
                #expect(statement.answerBytes == 427 + 26 + 1)
                statement.answered(bytes: 40)
                #expect(statement.answerBytes == 40)
            }
        }

        @Test("Answers that were read while others come are given, whatever becomes of those", arguments: [1, 8, 15])
        func given(upTo last: Int) async throws {
            try await TestDatabase.with { database in
                let bench = WorkBench(database)
                func read(_ number: Int) -> SQL {
                    "SELECT 100 / \(Int64(number)) AS number, repeat('x', 500) AS text FROM generate_series(1, 5)"
                }
                try await bench.prepare(read(1))
                let waiting = await bench.wait(for: (0..<16).map { read(last - $0) })

                bench.worker.carryOut(bench.taken(16))
                bench.carryOutRest(by: bench.worker)

                let answers = await waiting.answers()
                for (place, answer) in answers.enumerated() where place != last {
                    #expect(try answer.get().first?.integer("number") == Int64(100 / (last - place)))
                }
                #expect(throws: StorageError.self) { try answers[last].get() }
                let socket = try #require(bench.worker.connection.map { PQsocket($0.handle) })
                var (bytes, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
                #expect(getsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, &length) == 0)
                #expect(bytes == 1)
            }
        }

        private static func numbers(_ waiting: WaitingReads) async throws -> [Int64?] {
            try await waiting.rows().map { $0.first?.integer("number") }
        }

        private static func read(_ number: Int) -> SQL {
            "SELECT \(Int64(number)) AS number, transaction_timestamp() AS moment"
        }

        /// Rows of 10 KB, each of which takes the server a good part of a millisecond.
        private static func streaming(_ rowsTotal: Int) -> SQL {
            """
            SELECT repeat(md5(repeat(number::text, 50000)), 320) AS text
            FROM generate_series(1, \(Int64(rowsTotal))) AS number
            """
        }

        /// Waits for the advisory lock of its number, if somebody holds it.
        private static func locking(_ number: Int) -> SQL {
            "SELECT \(Int64(number)) AS number, pg_advisory_xact_lock_shared(\(Int64(number))) IS NULL AS waited"
        }
    }
}
