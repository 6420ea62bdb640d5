import PluginAPI

extension StorageRequirement {
    private static let columns = "symbol {TEXT} PRIMARY KEY, lots {BIGINT} NOT NULL"

    private static func insert(
        _ table: String, _ rows: [(String, Int64)], in storage: any StorageBackend
    ) async throws {
        try await storage.transaction { transaction in
            try transaction.executeMany(
                "INSERT INTO \(table) VALUES (?, ?)", rows.map { [.text($0.0), .integer($0.1)] })
        }
    }

    /// The SQL modules may count on.
    static let statements: [StorageRequirement] = [
        StorageRequirement("Interpolated values are parameters, never text of the statement") { storage in
            try await withTable("promise_parameters", columns, in: storage) {
                let symbol = "x'); DROP TABLE promise_parameters; --?"
                try await storage.transaction { transaction in
                    try transaction.execute("INSERT INTO promise_parameters VALUES (\(symbol), 1)")
                }
                let found = try await integer(
                    "SELECT lots FROM promise_parameters WHERE symbol = \(symbol)", in: storage)
                try promise(found == 1, "the text was not kept as it was")
            }
        },
        StorageRequirement("A list parameter stands for each of its elements") { storage in
            try await withTable("promise_lists", columns, in: storage) {
                try await insert("promise_lists", [("A", 1), ("B", 2), ("C", 3)], in: storage)
                let found = try await storage.rows(
                    "SELECT symbol FROM promise_lists WHERE symbol IN (\(["A", "C", "X"])) ORDER BY symbol")
                try promise(found.map { $0.text(0) } == ["A", "C"], "the list found \(found.map { $0.text(0) })")
            }
        },
        StorageRequirement("An empty list contains nothing") { storage in
            try await withTable("promise_empty_list", columns, in: storage) {
                try await insert("promise_empty_list", [("A", 1)], in: storage)
                let found = try await integer(
                    "SELECT count(*) FROM promise_empty_list WHERE symbol IN (\([String]()))", in: storage)
                try promise(found == 0, "something is in the empty list")
            }
        },
        StorageRequirement("A query that finds nothing still names its columns") { storage in
            try await withTable("promise_nothing", columns, in: storage) {
                let rows = try await storage.rows("SELECT symbol, lots AS volume FROM promise_nothing")
                try promise(rows.isEmpty && rows.columns == ["symbol", "volume"], "the columns are \(rows.columns)")
            }
        },
        StorageRequirement("RETURNING answers the rows that were written") { storage in
            try await withTable("promise_returning", columns, in: storage) {
                let lots = try await storage.transaction { transaction in
                    try transaction.rows("INSERT INTO promise_returning VALUES ('A', 7) RETURNING lots").first?.integer(
                        0)
                }
                try promise(lots == 7, "RETURNING answered \(String(describing: lots))")
            }
        },
        StorageRequirement("ON CONFLICT updates the row that is there") { storage in
            try await withTable("promise_upsert", columns, in: storage) {
                for _ in 0..<3 {
                    try await storage.transaction { transaction in
                        try transaction.execute(
                            """
                            INSERT INTO promise_upsert VALUES ('A', 1)
                            ON CONFLICT (symbol) DO UPDATE SET lots = promise_upsert.lots + excluded.lots
                            """)
                    }
                }
                let lots = try await integer("SELECT lots FROM promise_upsert", in: storage)
                try promise(lots == 3, "three upserts of one make \(String(describing: lots))")
            }
        },
        StorageRequirement("Common table expressions may recurse") { storage in
            let sum = try await storage.rows(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT sum(i) AS s FROM n"
            )
            try promise(sum.first?.integer("s") == 5_050, "the sum of 1 to 100 is wrong")
        },
        StorageRequirement("Window functions number rows within their group") { storage in
            try await withTable("promise_windows", columns, in: storage) {
                try await insert("promise_windows", [("A", 3), ("B", 3), ("C", 1)], in: storage)
                let rows = try await storage.rows(
                    """
                    SELECT symbol, row_number() OVER (PARTITION BY lots ORDER BY symbol) AS place
                    FROM promise_windows ORDER BY symbol
                    """)
                try promise(rows.map { $0.integer("place") } == [1, 2, 1], "the places are wrong")
            }
        },
        StorageRequirement("A write says how many rows it changed") { storage in
            try await withTable("promise_changes", columns, in: storage) {
                try await insert("promise_changes", [("A", 1), ("B", 1), ("C", 2)], in: storage)
                let counts = try await storage.transaction { transaction in
                    [
                        try transaction.execute("UPDATE promise_changes SET lots = 9 WHERE lots = 1"),
                        try transaction.execute("DELETE FROM promise_changes WHERE symbol = 'X'"),
                    ]
                }
                try promise(counts == [2, 0], "the counts are \(counts)")
            }
        },
        StorageRequirement("A script may hold several statements, comments and semicolons in texts") { storage in
            try await withTable("promise_scripts", columns, in: storage) {
                try await storage.transaction { transaction in
                    try transaction.executeScript(
                        """
                        -- two rows; one of them odd
                        INSERT INTO promise_scripts VALUES ('a;b', 1);
                        INSERT INTO promise_scripts VALUES ('c', 2); -- the end
                        """)
                }
                let total = try await integer(
                    "SELECT count(*) FROM promise_scripts WHERE symbol IN ('a;b', 'c')", in: storage)
                try promise(total == 2, "the script wrote \(String(describing: total)) rows")
            }
        },
        StorageRequirement("A wrong statement is the program's mistake") { storage in
            for sql: SQL in ["SELECT * FROM promise_no_such_table", "SELEC 1", "SELECT nothing FROM nowhere WHERE"] {
                let error = try await refusal { _ = try await storage.rows(sql) }
                try promise(error?.isStatement == true, "\(sql) gave \(String(describing: error))")
            }
        },
        StorageRequirement("A statement that writes needs a transaction") { storage in
            try await withTable("promise_read_only", columns, in: storage) {
                let error = try await refusal {
                    _ = try await storage.rows("INSERT INTO promise_read_only VALUES ('A', 1) RETURNING lots")
                }
                try promise(
                    error?.isStatement == true, "a write outside a transaction gave \(String(describing: error))")
                let kept = try await integer("SELECT count(*) FROM promise_read_only", in: storage)
                try promise(kept == 0, "it was written")
            }
        },
        StorageRequirement("A prepared statement with too few values is refused whole") { storage in
            try await withTable("promise_many", columns, in: storage) {
                let error = try await refusal {
                    try await storage.transaction { transaction in
                        try transaction.executeMany(
                            "INSERT INTO promise_many VALUES (?, ?)", [[.text("A"), .integer(1)], [.text("B")]])
                    }
                }
                try promise(error?.isStatement == true, "it gave \(String(describing: error))")
                let kept = try await integer("SELECT count(*) FROM promise_many", in: storage)
                try promise(kept == 0, "a part was stored")
            }
        },
    ]
}
