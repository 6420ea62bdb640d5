import BuiltIn
import PluginAPI
import PluginTesting
import PostgresStorage
import SQLiteStorage
import Testing

@testable import Host

extension AllTests {
    /// Tables of some ten thousand rows, a fifth of one account, and the plans of the statements that lists run on them.
    @Suite("Lists read by index")
    struct PlanTests {
        @Test("PostgreSQL finds a page by its index, scans no table and sorts no more than what shares a place")
        func postgres() async throws {
            try await TestDatabase.withStorage { storage, _ in
                let record = Overheard(storage)
                let desk = try await Self.desk(on: record)
                for list in List.all {
                    for cursor in [nil, list.cursor] {
                        for statement in try await Self.statements(of: list, from: cursor, desk, record) {
                            for isGeneric in [false, true] {
                                let plan = try await storage.plan(of: statement, isGeneric: isGeneric)
                                Self.check(plan, of: list, isPaged: cursor != nil)
                            }
                        }
                    }
                }
            }
        }

        @Test("The log's months outside the time asked for are not looked at")
        func pruning() async throws {
            try await TestDatabase.withStorage { storage, _ in
                let record = Overheard(storage)
                let desk = try await Self.desk(on: record)
                let logs = try #require(List.all.first { $0.operation == "logs" })
                for isGeneric in [false, true] {
                    for statement in try await Self.statements(of: logs, from: nil, desk, record) {
                        let plan = try await storage.plan(of: statement, isGeneric: isGeneric).joined(separator: "\n")

                        #expect(plan.contains("reconciliation_logs_2026_01"), "\(plan)")
                        #expect(!plan.contains("reconciliation_logs_2025_10"), "\(plan)")
                        #expect(!plan.contains("reconciliation_logs_2025_11"), "\(plan)")
                        if isGeneric { #expect(plan.contains("Subplans Removed"), "\(plan)") }
                    }
                }
            }
        }

        @Test("SQLite finds a page by its index, scans no table and sorts no more than what shares a place")
        func sqlite() async throws {
            let storage = SQLiteStorageModule(path: "\(try TemporaryDirectory().path)/concord.db")
            try await storage.start()
            let record = Overheard(storage)
            let desk = try await Self.desk(on: record)
            for list in List.all {
                for cursor in [nil, list.cursor] {
                    for statement in try await Self.statements(of: list, from: cursor, desk, record) {
                        let plan = try await storage.rows("EXPLAIN QUERY PLAN " + statement).compactMap {
                            $0.text("detail")
                        }

                        let text = "\(list.operation): \(plan)"
                        let read = plan.first { $0.hasPrefix("SEARCH \(list.alias) USING INDEX \(list.index) ") }
                        #expect(read != nil, "\(text)")
                        if cursor != nil { #expect(read?.contains(list.sqliteBound) == true, "\(text)") }
                        #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(text)")
                        if list.order != .none { #expect(!plan.contains("USE TEMP B-TREE FOR ORDER BY"), "\(text)") }
                    }
                }
            }
            await storage.stop()
        }

        private static func check(_ plan: [String], of list: List, isPaged: Bool) {
            let text = "\(list.operation):\n\(plan.joined(separator: "\n"))"
            let nodes = plan.map { $0.trimmingPrefix { " ->".contains($0) } }
            let read = nodes.filter { $0.contains(" using ") && $0.contains(list.postgresIndex ?? list.index) }
            #expect(!read.isEmpty, "\(text)")
            #expect(!nodes.contains { $0.hasPrefix("Seq Scan") && !$0.hasPrefix("Seq Scan on accounts") }, "\(text)")
            switch list.order {
            case .none: break
            case .ties: #expect(!nodes.contains { $0 == "Sort" }, "\(text)")
            case .index: #expect(!nodes.contains { $0.hasSuffix("Sort") }, "\(text)")
            }
            guard isPaged else { return }
            #expect(nodes.contains { $0.hasPrefix("Index Cond") && $0.contains(list.postgresBound) }, "\(text)")
        }

        /// What a list asks the storage for.
        private static func statements(
            of list: List, from cursor: [Value]?, _ desk: Desk, _ record: Overheard
        ) async throws -> [SQL] {
            let operation = try #require(desk.queries.first { $0.name == list.operation && $0.path == list.path })
            record.forget()
            let answer = try await desk.answer(
                to: operation, values: list.values, choices: list.choices, accounts: ["acc"], cursor: cursor)
            #expect(answer.hasPrefix("{"), "\(answer)")
            return record.statements.filter { "\($0.parts(for: .sqlite))".contains("FROM \(list.table)") }
        }

        /// On 5 January 2026.
        private static func desk(on storage: any StorageBackend) async throws -> Desk {
            let clock = ManualClock(ManyRows.now)
            try await Migrator(storage: storage, clock: clock, modules: BuiltInModules.all).up()
            let desk = try Desk(on: storage, clock: clock)
            for month in ["2025-10", "2025-11", "2025-12"] {
                guard storage.dialect == .postgres else { break }
                try await storage.transaction {
                    try $0.executeScript(
                        """
                        CREATE TABLE "reconciliation_logs_\(month.replacing("-", with: "_"))" PARTITION OF reconciliation_logs
                            FOR VALUES FROM ('\(month)-01') TO (timestamptz '\(month)-01' + interval '1 month')
                        """)
                }
            }
            try await desk.start()
            try await storage.transaction { transaction in
                for table in ManyRows.tables { try transaction.executeMany(table.insert, table.rows) }
            }
            try await storage.transaction { try $0.executeScript("ANALYZE") }
            return desk
        }
    }
}

/// A list, and how it should be read.
private struct List {
    enum Order {
        /// Everything matching is read and sorted.
        case none
        /// The index gives the time; what shares it is sorted.
        case ties
        case index
    }

    let operation: String
    let path: String
    var values: [String: Value] = [:]
    var choices: [String: [String]] = [:]
    /// As a statement names it, to tell it from statements about accounts or instruments.
    let table: String
    let alias: String
    let index: String
    /// Where partitions have names of their own.
    var postgresIndex: String?
    let order: Order
    var cursor: [Value]?
    var sqliteBound = ""
    var postgresBound = ""

    private static let time = Value.timestamp(ManyRows.now - .seconds(86_400 * 2))

    static let all = [
        List(
            operation: "logs", path: "/reconciliation/logs", values: ["hours": .integer(720)],
            table: "reconciliation_logs", alias: "l", index: "reconciliation_logs_by_time",
            postgresIndex: "account_id_at_sequence_log_id_idx", order: .index,
            cursor: [time, .integer(3), .text("x")], sqliteBound: "(at,sequence,log_id)<",
            postgresBound: "ROW(at, sequence, log_id) <"),
        List(
            operation: "breaks", path: "/reconciliation/breaks", table: "breaks", alias: "breaks", index: "breaks_live",
            order: .index, cursor: [.integer(2), time, .text("x")],
            sqliteBound: "(severity_rank,first_seen_at,break_id)>",
            postgresBound: "ROW(severity_rank, first_seen_at, break_id) >"),
        List(
            operation: "breaks", path: "/reconciliation/breaks", choices: ["status": ["all"]], table: "breaks",
            alias: "breaks", index: "breaks_by_account", order: .index, cursor: [.integer(2), time, .text("x")],
            sqliteBound: "(severity_rank,first_seen_at,break_id)>",
            postgresBound: "ROW(severity_rank, first_seen_at, break_id) >"),
        List(
            operation: "breakEvents", path: "/reconciliation/breaks/{break_id}/events",
            values: ["break_id": .text("acc-7")], table: "break_events", alias: "e", index: "break_events_by_break",
            order: .index),
        List(
            operation: "runs", path: "/reconciliation/runs", table: "runs", alias: "runs", index: "runs_by_time",
            order: .ties, cursor: [time, .integer(3), .text("x")], sqliteBound: "(ran_at,run_number)<",
            postgresBound: "ROW(ran_at, run_number) <="),
        List(
            operation: "open", path: "/positions/open", table: "accounts a\nLEFT JOIN positions", alias: "p",
            index: "positions_open", order: .none),
        List(
            operation: "closed", path: "/positions/closed", table: "positions", alias: "p", index: "positions_closed",
            order: .ties, cursor: [time, .integer(3), .text("acc")], sqliteBound: "closed_at<",
            postgresBound: "closed_at <="),
        List(
            operation: "history", path: "/guards/history", table: "guard_trips", alias: "t",
            index: "guard_trips_by_time", order: .ties, cursor: [time, .text("x")], sqliteBound: "tripped_at<",
            postgresBound: "tripped_at <="),
        List(
            operation: "closeCommands", path: "/close-commands", table: "close_commands", alias: "c",
            index: "close_commands_by_account", order: .ties, cursor: [time, .integer(3), .text("x")],
            sqliteBound: "created_at<", postgresBound: "created_at <="),
    ]
}

extension PostgresStorageModule {
    /// The lines of a statement's plan: for its values, or the one that prepared statements come to for all values.
    fileprivate func plan(of statement: SQL, isGeneric: Bool) async throws -> [String] {
        let explain = SQL(parts: [.text("EXPLAIN (COSTS OFF) ")])
        guard isGeneric else { return try await rows(explain + statement).compactMap { $0.text(0) } }
        let spelled = Spelled(statement)
        return try await transaction { transaction in
            try transaction.executeScript(
                """
                SET LOCAL plan_cache_mode = force_generic_plan;
                PREPARE probe (\(spelled.types.joined(separator: ", "))) AS \(spelled.text)
                """)
            let plan = try transaction.rows(
                explain + SQL(parts: [.text("EXECUTE probe(\(spelled.literals.joined(separator: ", ")))")]))
            try transaction.executeScript("DEALLOCATE probe")
            return plan.compactMap { $0.text(0) }
        }
    }
}

/// A statement with numbered parameters, and their types and values as text.
private struct Spelled {
    var text = ""
    var types: [String] = []
    var literals: [String] = []

    init(_ statement: SQL) {
        for part in statement.parts(for: .postgres) {
            switch part {
            case .text(let text): self.text += text
            case .value(let value): append(value)
            case .list(let values):
                for (index, value) in values.enumerated() {
                    if index > 0 { text += ", " }
                    append(value)
                }
            @unknown default: preconditionFailure("a part that the test does not know")
            }
        }
    }

    private mutating func append(_ value: Value) {
        let (type, literal): (String, String) =
            switch value {
            case .text(let text): ("text", "'\(text)'")
            case .integer(let integer): ("bigint", "\(integer)")
            case .timestamp(let time): ("timestamptz", "'\(time)'")
            case .boolean(let flag): ("boolean", "\(flag)")
            default: preconditionFailure("a value that the lists do not use")
            }
        types.append(type)
        literals.append(literal)
        text += "$\(types.count)"
    }
}
