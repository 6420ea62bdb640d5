import PluginAPI
import PluginTesting
import PostgresStorage
import Testing

extension AllTests {
    /// So many rows that they go by `COPY`.
    @Suite("Many rows at once")
    struct CopyTests {
        private static let table = """
            CREATE TABLE kept (id bigint PRIMARY KEY, name text COLLATE "C" NOT NULL, amount numeric(20,8), at timestamptz,
                flag boolean, note json, small integer CHECK (small < 1000), extra text DEFAULT 'as ever')
            """
        private static let insert = "INSERT INTO kept (id, name, amount, at, flag, note) VALUES (?, ?, ?, ?, ?, ?)"

        @Test("Every kind of value comes back as it was, by whichever way it went", arguments: [1, 99, 100, 20_000])
        func values(rowsTotal: Int) async throws {
            try await Self.withTable { storage in
                let rows = (0..<rowsTotal).map(Self.row)
                try await storage.transaction { try $0.executeMany(Self.insert, rows) }

                let found = try await storage.rows(
                    "SELECT id, name, amount, at, flag, note, extra FROM kept ORDER BY id")
                #expect(found.count == rowsTotal)
                for (index, row) in found.enumerated() {
                    #expect(row.integer(0) == Int64(index))
                    #expect(Value.text(row.text(1)) == rows[index][1])
                    #expect(row.decimal(2).map(Value.decimal) ?? .null == rows[index][2])
                    #expect(Value.timestamp(row.timestamp(3)) == rows[index][3])
                    #expect(row.boolean(4).map(Value.boolean) ?? .null == rows[index][4])
                    #expect(row.json(5).map(Value.json) ?? .null == rows[index][5])
                    #expect(row.text(6) == "as ever")
                }
            }
        }

        @Test("A row that a constraint refuses is named, and no row is there")
        func refused() async throws {
            try await Self.withTable { storage in
                var rows = (0..<500).map(Self.row)
                rows[321][0] = .integer(123)
                let (same, missing) = (rows, (0..<500).map { Self.row($0 + ($0 == 400 ? 0 : 1_000)) })

                let twice = await #expect(throws: StorageError.self) {
                    try await storage.transaction { try $0.executeMany(Self.insert, same) }
                }
                guard case .constraint(let detail)? = twice else { throw ProgramFailed(what: "\(twice as Any)") }
                #expect(detail.contains("(123)") && detail.contains("INSERT INTO kept"), "\(detail)")

                let null = await #expect(throws: StorageError.self) {
                    try await storage.transaction { transaction in
                        var rows = missing
                        rows[400][1] = .null
                        try transaction.executeMany(Self.insert, rows)
                    }
                }
                guard case .constraint(let failing)? = null else { throw ProgramFailed(what: "\(null as Any)") }
                #expect(failing.contains("(400, null"), "\(failing)")
                #expect(try await storage.rows("SELECT count(*) FROM kept").first?.integer(0) == 0)
            }
        }

        @Test("A value that storage cannot keep is refused, and the connection goes on")
        func unsendable() async throws {
            try await Self.withTable { storage in
                var rows = (0..<9_000).map(Self.row)
                rows[8_500][2] = .decimal(FixedDecimal(units: 1, scale: 9))
                let sent = rows

                let error = await #expect(throws: StorageError.self) {
                    try await storage.transaction { try $0.executeMany(Self.insert, sent) }
                }

                guard case .statement(let detail)? = error else { throw ProgramFailed(what: "\(error as Any)") }
                #expect(detail.contains("more than 8 decimals"), "\(detail)")
                #expect(try await storage.rows("SELECT count(*) FROM kept").first?.integer(0) == 0)
            }
        }

        @Test("Values that the server has to convert go the other way, and arrive")
        func converted() async throws {
            try await Self.withTable { storage in
                let rows = (0..<200).map { [Value.integer(Int64($0)), .text("x"), .integer(7), .integer(5)] }
                try await storage.transaction {
                    try $0.executeMany("INSERT INTO kept (id, name, amount, small) VALUES (?, ?, ?, ?)", rows)
                }

                let sum = try await storage.rows("SELECT sum(amount), sum(small) FROM kept").first
                #expect(sum?.decimal(0) == "1400" && sum?.integer(1) == 1_000)
            }
        }

        @Test("A statement that says more than its values is carried out as it says, however many rows it has")
        func upserts() async throws {
            try await Self.withTable { storage in
                let rows = (0..<500).map(Self.row)
                try await storage.transaction { try $0.executeMany(Self.insert, rows) }
                let upsert =
                    "INSERT INTO kept (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
                let renamed = (250..<750).map { [Value.integer(Int64($0)), .text("again")] }

                try await storage.transaction { try $0.executeMany(upsert, renamed) }

                let found = try await storage.rows(
                    "SELECT count(*), count(*) FILTER (WHERE name = 'again'), min(id) FILTER (WHERE name = 'again') FROM kept"
                )
                #expect(found.first?.integer(0) == 750)
                #expect(found.first?.integer(1) == 500)
                #expect(found.first?.integer(2) == 250)
            }
        }

        @Test("Rows of a table in partitions find theirs, and nothing of a rolled back transaction stays")
        func partitioned() async throws {
            try await Self.withTable { storage in
                try await storage.transaction {
                    try $0.executeScript(
                        """
                        CREATE TABLE parted (id bigint, name text) PARTITION BY LIST (name);
                        CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
                        CREATE TABLE parted_b PARTITION OF parted DEFAULT
                        """)
                }
                let rows = (0..<300).map { [Value.integer(Int64($0)), .text($0 % 3 == 0 ? "a" : "b")] }
                let insert = "insert into parted (id, name)\n values (?,?) "
                await #expect(throws: ProgramFailed.self) {
                    try await storage.transaction {
                        try $0.executeMany(insert, rows)
                        throw ProgramFailed(what: "on purpose")
                    }
                }
                try await storage.transaction { try $0.executeMany(insert, rows) }

                #expect(try await storage.rows("SELECT count(*) FROM parted_a").first?.integer(0) == 100)
                #expect(try await storage.rows("SELECT count(*) FROM parted").first?.integer(0) == 300)
            }
        }

        @Test("A caller who gives up while rows wait for a lock is answered, and nothing is written")
        func cancelled() async throws {
            try await Self.withTable { storage in
                let rows = (0..<50_000).map(Self.row)
                let started = Tally()
                let blocked = Tally()
                let holder = Task {
                    try await storage.transaction {
                        try $0.executeScript("LOCK TABLE kept IN ACCESS EXCLUSIVE MODE")
                        _ = started.next()
                        while blocked.total == 0 {}
                    }
                }
                while started.total == 0 { await Task.yield() }
                let writer = Task {
                    try await storage.transaction { try $0.executeMany(Self.insert, rows) }
                }
                let waits: SQL = """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'COPY%'
                    """
                while try await storage.rows(waits).first?.integer(0) == 0 { await Task.yield() }
                writer.cancel()

                await #expect(throws: StorageError.timedOut) { try await writer.value }
                _ = blocked.next()
                try await holder.value
                #expect(try await storage.rows("SELECT count(*) FROM kept").first?.integer(0) == 0)
            }
        }

        @Test("A caller who gives up in the middle of many rows is answered, and nothing is written")
        func cancelledInside() async throws {
            try await Self.withTable { storage in
                try await storage.transaction {
                    try $0.executeScript(
                        """
                        CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
                            $$ BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$;
                        CREATE TRIGGER slow BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION slowly()
                        """)
                }
                let rows = (0..<100_000).map(Self.row)

                await #expect(throws: StorageError.timedOut) {
                    try await storage.transaction(deadline: .now + .milliseconds(400)) {
                        try $0.executeMany(Self.insert, rows)
                    }
                }
                #expect(try await storage.rows("SELECT count(*) FROM kept").first?.integer(0) == 0)
            }
        }

        private static func row(_ index: Int) -> [Value] {
            let isEmpty = index % 7 == 3
            return [
                .integer(Int64(index)), .text(index % 5 == 0 ? "" : "é \(index)\t\\N\n"),
                isEmpty ? .null : .decimal(FixedDecimal(storedUnits: amounts[index % amounts.count] - Int64(index))),
                isEmpty ? .null : .timestamp(Timestamp(microseconds: Int64(index) * 1_234_567 - 5_000_000)),
                isEmpty ? .null : .boolean(index % 2 == 0), isEmpty ? .null : .json(#"{"b": 1,  "a": \#(index)}"#),
            ]
        }

        private static let amounts: [Int64] = [
            0, 1, -1, 10_000, 99_999_999, 100_000_000, -123_456_789_012_345, 9_000_000_000_000_000_000,
            1_000_000_000_000, 1_000_000_010_000,
        ]

        private static func withTable(_ body: (PostgresStorageModule) async throws -> Void) async throws {
            try await TestDatabase.withStorage { storage, _ in
                try await storage.transaction { try $0.executeScript(Self.table) }
                try await body(storage)
            }
        }
    }
}
