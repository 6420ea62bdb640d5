import BuiltIn
import PluginAPI
import PluginTesting
import PostgresStorage
import Testing
import TradingBook

@testable import Host

extension AllTests {
    @Suite("Partitions by month")
    struct PartitionTests {
        private static let day: Duration = .seconds(86_400)
        private static let steps = BuiltInModules.all.flatMap { module in
            module.migrations.sorted { $0.number < $1.number }
                .map { MigrationStep(module: module.descriptor.id, migration: $0) }
        }
        /// Everything up to the step that puts logs into partitions, and that step, too.
        private static let (before, upTo) = {
            let index = steps.firstIndex { $0.id == "reconciliation/0006" } ?? 0
            return (Array(steps[..<index]), Array(steps[...index]))
        }()
        private static let log = PartitionedTable("reconciliation_logs", by: "at", keep: nil, makesStale: [])

        @Test("Rows there are when the table is parted are in their months, and whole again after the way back")
        func carriedOver() async throws {
            try await TestDatabase.withStorage { storage, _ in
                try await Self.migrator(storage, Self.before).up()
                let moments = [
                    "2025-11-30T23:59:59.999999Z", "2025-12-01T00:00:00Z", "2026-01-31T12:00:00Z",
                    "2026-02-01T00:00:00Z",
                ]
                for (id, moment) in moments.enumerated() { try await storage.insertLog("l-\(id)", at: moment) }
                let rows = try await storage.allLogs()

                try await Self.migrator(storage, Self.upTo).up()
                #expect(try await storage.allLogs() == rows)
                #expect(
                    try await storage.logsByPartition() == [
                        "reconciliation_logs_2025_11 1", "reconciliation_logs_2025_12 1",
                        "reconciliation_logs_2026_01 1", "reconciliation_logs_2026_02 1",
                    ])

                try await Self.migrator(storage, Self.upTo).down()
                #expect(try await storage.allLogs() == rows)
                #expect(try await storage.count("pg_class WHERE relname LIKE 'reconciliation_logs_2%'") == 0)
            }
        }

        @Test("A start makes this month and three more, once")
        func start() async throws {
            try await Self.withLogs { storage, clock in
                let desk = try Desk(on: storage, clock: clock)
                try await desk.start()
                let made = try await Self.partitions(storage).list()
                try await desk.start()

                #expect(
                    made.map(\.name) == [
                        "reconciliation_logs_2026_01", "reconciliation_logs_2026_02", "reconciliation_logs_2026_03",
                        "reconciliation_logs_2026_04", "reconciliation_logs_default",
                    ])
                #expect(made.map(\.isDefault) == [false, false, false, false, true])
                #expect(made[3].from == Timestamp(parsing: "2026-04-01T00:00:00Z"))
                #expect(made[3].to == Timestamp(parsing: "2026-05-01T00:00:00Z"))
                #expect(try await Self.partitions(storage).list().map(\.name) == made.map(\.name))
            }
        }

        @Test("Rows of a month that nobody made are taken, and moved when it is made")
        func strays() async throws {
            try await Self.withLogs { storage, clock in
                for moment in ["2031-05-31T23:59:59Z", "2031-06-01T00:00:00Z", "2026-01-05T10:00:00Z"] {
                    try await storage.insertLog(moment, at: moment)
                }
                let rows = try await storage.allLogs()
                #expect(try await storage.logsByPartition() == ["reconciliation_logs_default 3"])

                let made = try await Self.partitions(storage).create(at: clock.now, monthsAhead: 0)

                #expect(made == ["2026_01", "2031_05", "2031_06"].map { "reconciliation_logs_\($0)" })
                #expect(
                    try await storage.logsByPartition() == [
                        "reconciliation_logs_2026_01 1", "reconciliation_logs_2031_05 1",
                        "reconciliation_logs_2031_06 1",
                    ])
                #expect(try await storage.allLogs() == rows)
                try await storage.insertLog("another", at: "2031-06-30T00:00:00Z")
                #expect(try await storage.logsByPartition().last == "reconciliation_logs_2031_06 2")
            }
        }

        @Test("A start does not move many rows; the job does")
        func manyStrays() async throws {
            try await Self.withLogs { storage, clock in
                try await storage.insertLog("stray", at: "2026-01-05T10:00:00Z")
                let partitions = Self.partitions(storage)

                #expect(try await partitions.create(at: clock.now, bytesMovedMax: 1).isEmpty)
                #expect(try await partitions.create(at: clock.now).count == 4)
            }
        }

        @Test("Hosts that make the same months while others write make each once and lose no row")
        func crowd() async throws {
            try await Self.withLogs { storage, clock in
                let made = try await withThrowingTaskGroup(of: [String].self) { group in
                    for host in 0..<3 {
                        group.addTask { try await Self.partitions(storage).create(at: clock.now) }
                        group.addTask {
                            for row in 0..<100 {
                                try await storage.insertLog(
                                    "l-\(host)-\(row)", at: "2026-0\(1 + row % 5)-05T10:00:00Z")
                            }
                            return []
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }

                #expect(Set(made).count == made.count)
                #expect(made.count >= 4)
                #expect(try await storage.count("reconciliation_logs") == 300)
            }
        }

        @Test("The hourly job drops months that are over and deletes the other old rows one by one")
        func retention() async throws {
            try await Self.withLogs { storage, clock in
                let kept = ConfigurationValue.mapping([
                    "snapshots": .text("keep"), "runs": .text("keep"), "audit": .text("keep"),
                    "logs": .duration(Self.day * 40),
                ])
                let desk = try Desk(on: storage, clock: clock, retention: kept)
                // It is 5 January; rows since 26 November stay.
                for moment in ["2025-10-31T00:00:00Z", "2025-11-20T00:00:00Z", "2025-11-27T00:00:00Z"] {
                    try await storage.insertLog(moment, at: moment)
                }
                try await desk.runDue()

                #expect(try await storage.logsByPartition() == ["reconciliation_logs_2025_11 1"])
                #expect(try await storage.allLogs().map { $0.hasPrefix("2025-11-27") } == [true])
                let names = try await Self.partitions(storage).list().map(\.name)
                #expect(!names.contains("reconciliation_logs_2025_10"))
                #expect(names.contains("reconciliation_logs_2026_04"))
                #expect(names.contains("reconciliation_logs_default"))
            }
        }

        @Test("A month that cannot be made is told of, and keeps no old row")
        func unmakable() async throws {
            try await Self.withLogs { storage, clock in
                try await storage.transaction {
                    try $0.executeScript("CREATE TABLE reconciliation_logs_2026_01 (id bigint)")
                }
                let kept = ConfigurationValue.mapping([
                    "snapshots": .text("keep"), "runs": .text("keep"), "audit": .text("keep"),
                    "logs": .duration(Self.day * 40),
                ])
                let desk = try Desk(on: storage, clock: clock, retention: kept)
                try await storage.insertLog("old", at: "2025-11-20T00:00:00Z")

                await #expect(throws: StorageError.self) { try await desk.runDue() }

                #expect(try await storage.allLogs() == [])
            }
        }

        @Test("The default partition is dropped by nobody")
        func defaultStays() async throws {
            try await Self.withLogs { storage, clock in
                try await Self.partitions(storage).create(at: clock.now)

                let dropped = try await Self.partitions(storage).drop { _ in true }

                #expect(dropped.count == 4)
                #expect(try await Self.partitions(storage).list().map(\.name) == ["reconciliation_logs_default"])
            }
        }

        @Test("A month that somebody's larger partition has is not made")
        func larger() async throws {
            try await Self.withLogs { storage, clock in
                try await storage.transaction {
                    try $0.executeScript(
                        """
                        CREATE TABLE "a ""year" PARTITION OF reconciliation_logs
                            FOR VALUES FROM ('2026-02-01') TO ('2027-02-01')
                        """)
                }

                #expect(
                    try await Self.partitions(storage).create(at: clock.now) == ["reconciliation_logs_2026_01"])
                #expect(try await Self.partitions(storage).drop { $0.name == "a \"year" }.count == 1)
            }
        }

        @Test("A reader who keeps the table busy delays making a month, and harms nobody")
        func busy() async throws {
            try await Self.withLogs { storage, clock in
                let partitions = Self.partitions(storage)
                try await storage.insertLog("stray", at: "2026-01-05T10:00:00Z")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        _ = try await storage.rows("SELECT count(*), pg_sleep(1.5)::text FROM reconciliation_logs")
                    }
                    group.addTask { try await partitions.create(at: clock.now) }
                    try await group.waitForAll()
                }

                #expect(try await storage.logsByPartition() == ["reconciliation_logs_2026_01 1"])
            }
        }

        // MARK: - Given

        private static func migrator(_ storage: PostgresStorageModule, _ steps: [MigrationStep]) throws -> Migrator {
            try Migrator(storage: storage, clock: ManualClock(), steps: steps)
        }

        private static func partitions(_ storage: PostgresStorageModule) -> MonthlyPartitions {
            MonthlyPartitions(of: log, in: storage)
        }

        /// A migrated database, on 5 January 2026.
        private static func withLogs(_ body: (PostgresStorageModule, ManualClock) async throws -> Void) async throws {
            try await TestDatabase.withStorage { storage, _ in
                try await migrator(storage, steps).up()
                try await body(
                    storage, ManualClock(Timestamp(parsing: "2026-01-05T10:00:00Z") ?? Timestamp(seconds: 0)))
            }
        }
    }
}

extension PostgresStorageModule {
    fileprivate func insertLog(_ id: String, at moment: String) async throws {
        try await transaction {
            try $0.execute(
                """
                INSERT INTO reconciliation_logs (log_id, account_id, at, sequence, kind, event_type, description, metadata)
                VALUES (\(id), 'acc', \(Timestamp(parsing: moment)), 1, 'sync', 'position_synced', \(moment), \(json: "{}"))
                """)
        }
    }

    /// Every row, as text.
    fileprivate func allLogs() async throws -> [String] {
        try await rows("SELECT l.description || ' ' || l::text AS line FROM reconciliation_logs l ORDER BY at, log_id")
            .compactMap { $0.text(0) }
    }

    /// Where the rows are: `partition count`.
    fileprivate func logsByPartition() async throws -> [String] {
        try await rows(
            "SELECT tableoid::regclass::text || ' ' || count(*) FROM reconciliation_logs GROUP BY tableoid ORDER BY 1"
        ).compactMap { $0.text(0) }
    }

    fileprivate func count(_ source: String) async throws -> Int64? {
        try await rows(SQL(parts: [.text("SELECT count(*) FROM \(source)")])).first?.integer(0)
    }
}
