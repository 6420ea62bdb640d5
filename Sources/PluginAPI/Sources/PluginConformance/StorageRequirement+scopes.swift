import PluginAPI

/// Statements of people who are not trusted, and what keeps them in their bounds.
extension StorageRequirement {
    /// What every ``ScopedStorage`` promises; the list says so of a storage that is none.
    static let scopes: [StorageRequirement] = [
        scoped("A statement sees the rows of its accounts, and nobody's without accounts") { storage in
            for (accounts, expected) in [(["mine"], ["a", "b"]), (["mine", "other"], ["a", "b", "c"]), ([], [])] {
                let read = try await labels(
                    "SELECT label FROM v_promises ORDER BY label", of: .accounts(accounts), in: storage)
                try promise(read == expected, "\(accounts) see \(read)")
            }
        },
        scoped("Under the scope of the platform a statement sees every row") { storage in
            let read = try await labels("SELECT label FROM v_promises ORDER BY label", of: .platform, in: storage)
            try promise(read == ["a", "b", "c"], "the platform sees \(read)")
            for text in [
                "SELECT 'x' AS label FROM v_promises", "SELECT 'x' AS label WHERE EXISTS (SELECT 1 FROM v_promises)",
            ] {
                _ = try await storage.inspect(SQL(parts: [.text(text)]), over: [view], isForPlatform: true)
                let read = try await labels(SQL(parts: [.text(text)]), of: .platform, in: storage)
                try promise(!read.isEmpty, "without a column it sees nothing: \(text)")
            }
            let after = try await labels(
                "SELECT label FROM v_promises ORDER BY label", of: .accounts(["mine"]), in: storage)
            try promise(after == ["a", "b"], "after that an account sees \(after)")
        },
        scoped("An account's ID is a value, whatever is in it") { storage in
            for account in ["mine' OR '1'='1", "mine\",\"other", "*", "%", "mine,other"] {
                let read = try await labels("SELECT label FROM v_promises", of: .accounts([account]), in: storage)
                try promise(read.isEmpty, "\(account) sees \(read)")
            }
        },
        scoped("No turn of a statement shows another account's rows") { storage in
            for text in ScopeEscapes.reads {
                let read = try? await labels(SQL(parts: [.text(text)]), of: .accounts(["mine"]), in: storage)
                try promise(read?.contains("c") != true, "it shows another account's row: \(text)")
            }
        },
        scoped("What is no view, no portable function and more than reading is refused before it runs") { storage in
            for text in ScopeEscapes.refused(in: storage.dialect) {
                do {
                    _ = try await storage.inspect(SQL(parts: [.text(text)]), over: [view], isForPlatform: false)
                } catch is StatementFault {
                    continue
                }
                throw PromiseBroken("it was let pass: \(text)")
            }
        },
        scoped("A statement that writes changes nothing, looked at or not") { storage in
            for text in ScopeEscapes.writes {
                _ = try? await labels(SQL(parts: [.text(text)]), of: .accounts(["mine"]), in: storage)
                _ = try? await storage.inspect(SQL(parts: [.text(text)]), over: [view], isForPlatform: false)
            }
            let left = try await integer("SELECT count(*) FROM promises_kept WHERE amount >= 0", in: storage)
            try promise(left == 3, "\(String(describing: left)) rows are left of 3")
        },
        scoped("What a value says is a value") { storage in
            for text in ["'; DROP TABLE promises_kept; --", "b' OR '1'='1", "\u{0}", "$1", "?"] where text != "\u{0}" {
                let read = try await labels(
                    "SELECT label FROM v_promises WHERE label = \(text)", of: .accounts(["mine"]), in: storage)
                try promise(read.isEmpty, "\(text) finds \(read)")
            }
        },
        scoped("The portable functions mean the same everywhere") { storage in
            let time = Timestamp(microseconds: 1_767_607_200_000_001)
            let row = try await storage.rows(
                ScopedQuery(
                    """
                    SELECT count(*) AS n, sum(amount) AS total, min(amount) AS least, utc_day(max(at)) AS day,
                        upper(substr(min(label), 1, 1)) AS letter, dec_mul(sum(amount), dec('0.5')) AS half
                    FROM v_promises WHERE at <= \(time)
                    """, scope: .accounts(["mine"]), rowsMax: 10, bytesMax: 10_000), deadline: nil
            ).first
            try promise(row?.integer("n") == 2, "count")
            try promise(row?.decimal("total") == "3.75", "sum")
            try promise(row?.decimal("least") == "1.25", "min")
            try promise(row?.timestamp("day") == Timestamp(microseconds: 1_767_571_200_000_000), "utc_day")
            try promise(row?.text("letter") == "A", "upper and substr")
            try promise(row?.decimal("half") == "1.875", "dec_mul")
        },
        scoped("An answer of too many rows or bytes is none") { storage in
            let many: SQL = "SELECT a.label AS label FROM v_promises a, v_promises b, v_promises c"
            for (rowsMax, bytesMax, expected) in [
                (7, 10_000, ScopedOverflow.rows(max: 7)), (8, 100, ScopedOverflow.bytes(max: 100)),
            ] {
                do {
                    let query = ScopedQuery(many, scope: .accounts(["mine"]), rowsMax: rowsMax, bytesMax: bytesMax)
                    _ = try await storage.rows(query, deadline: nil)
                } catch let overflow as ScopedOverflow where overflow == expected {
                    continue
                }
                throw PromiseBroken("nothing said \(expected)")
            }
            let query = ScopedQuery(many, scope: .accounts(["mine"]), rowsMax: 8, bytesMax: 10_000)
            try promise(try await storage.rows(query, deadline: nil).count == 8, "what fits is not answered")
        },
        scoped("A statement without end is ended at its deadline") { storage in
            let endless: SQL = """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS label FROM n
                """
            let query = ScopedQuery(endless, scope: .accounts(["mine"]), rowsMax: 10, bytesMax: 10_000)
            let error = try await refusal { _ = try await storage.rows(query, deadline: .now + .milliseconds(200)) }
            try promise(error == .timedOut, "it ended with \(String(describing: error))")
        },
        scoped("A value that is larger than the whole answer may be is none") { storage in
            let large: SQL = """
                WITH RECURSIVE s (i, x) AS (SELECT 1, 'xxxxxxxxxxxxxxxx' UNION ALL SELECT i + 1, x || x FROM s WHERE i < 20)
                SELECT x AS label FROM s WHERE i = 20
                """
            let query = ScopedQuery(large, scope: .accounts(["mine"]), rowsMax: 10, bytesMax: 10_000)
            do {
                _ = try await storage.rows(query, deadline: nil)
            } catch is ScopedOverflow {
                return
            } catch is StorageError {
                return
            }
            throw PromiseBroken("eight megabytes were answered")
        },
        scoped("Looking at a statement tells its columns, and where it is wrong") { storage in
            let name = "a"
            let columns = try await storage.inspect(
                "SELECT label, sum(amount) AS total FROM v_promises WHERE label = \(name) GROUP BY label", over: [view],
                isForPlatform: false)
            try promise(columns.map(\.name) == ["label", "total"], "\(columns)")
            try promise([nil, .decimal].contains(columns.last?.kind), "\(columns)")
            do {
                _ = try await storage.inspect(
                    "SELECT label FROM v_promises WHERE label = \(name) AND amount > dec('1') AND labl = \(name)",
                    over: [view], isForPlatform: false)
            } catch let fault as StatementFault {
                let place = StatementFault.Place(part: 2, offset: 27)
                return try promise(fault.place == place && fault.detail.contains("labl"), "\(fault)")
            }
            throw PromiseBroken("a column that is not there was let pass")
        },
    ]

    private static func scoped(
        _ description: String, _ body: @escaping @Sendable (any ScopedStorage) async throws -> Void
    ) -> StorageRequirement {
        StorageRequirement(description) { storage in
            guard let storage = storage as? any ScopedStorage else {
                throw PromiseBroken("this storage runs no statements under a scope")
            }
            let columns =
                "account_id {TEXT} NOT NULL, label {TEXT} PRIMARY KEY, amount {DECIMAL} NOT NULL, at {TIMESTAMP} NOT NULL"
            try await withTable("promises_kept", columns, in: storage) {
                try await fill(storage)
                try await storage.provide([view])
                do {
                    try await body(storage)
                } catch {
                    try await storage.removeViews()
                    throw error
                }
                try await storage.removeViews()
            }
        }
    }

    private static let view = StoredView(
        "v_promises", from: "promises_kept", "Promises.",
        columns: [
            .init("account_id", .text), .init("label", .text), .init("amount", .decimal), .init("at", .timestamp),
        ])

    private static func fill(_ storage: any StorageBackend) async throws {
        try await storage.transaction { transaction in
            let rows: [(String, String, FixedDecimal)] = [
                ("mine", "a", "1.25"), ("mine", "b", "2.5"), ("other", "c", "7"),
            ]
            try transaction.executeMany(
                "INSERT INTO promises_kept VALUES (?, ?, ?, ?)",
                rows.map {
                    [
                        .text($0.0), .text($0.1), .decimal($0.2),
                        .timestamp(Timestamp(microseconds: 1_767_607_200_000_000)),
                    ]
                })
        }
    }

    private static func labels(
        _ sql: SQL, of scope: ScopedQuery.Scope, in storage: any ScopedStorage
    ) async throws -> [String?] {
        let query = ScopedQuery(sql, scope: scope, rowsMax: 100, bytesMax: 100_000)
        return try await storage.rows(query, deadline: nil).map { $0.text("label") }
    }
}

/// What people try.
enum ScopeEscapes {
    /// Statements that ask for every row there is.
    static let reads = [
        "SELECT label FROM v_promises WHERE 1=1",
        "SELECT label FROM v_promises WHERE account_id = 'other'",
        "SELECT label FROM v_promises UNION ALL SELECT label FROM promises_kept",
        "SELECT label FROM promises_kept",
        "SELECT (SELECT max(label) FROM promises_kept) AS label",
        "WITH v_promises AS (SELECT * FROM promises_kept) SELECT label FROM v_promises",
        "WITH x AS (SELECT * FROM promises_kept) SELECT label FROM x",
        "SELECT p.label AS label FROM v_promises v RIGHT JOIN promises_kept p ON 1 = 1",
        "SELECT label FROM main.promises_kept", "SELECT label FROM public.promises_kept",
        "SELECT label FROM temp.v_promises UNION SELECT label FROM promises_kept",
        "SELECT label FROM v_promises WHERE label IN (SELECT label FROM promises_kept) OR 1 = 1",
    ]

    static let writes = [
        "DELETE FROM promises_kept", "DELETE FROM v_promises", "UPDATE promises_kept SET amount = -1",
        "INSERT INTO promises_kept SELECT account_id, label || 'x', amount, at FROM v_promises",
        "WITH gone AS (DELETE FROM promises_kept RETURNING label) SELECT label FROM gone",
        "DROP TABLE promises_kept", "ALTER TABLE promises_kept ADD COLUMN x TEXT", "CREATE TABLE promises_too (x TEXT)",
        "SELECT label FROM v_promises; DELETE FROM promises_kept",
        "SELECT label INTO promises_too FROM v_promises",
    ]

    static func refused(in dialect: SQLDialect) -> [String] {
        let both =
            writes + [
                "SELECT label FROM promises_kept", "SELECT (SELECT max(label) FROM promises_kept) AS label",
                "WITH v_promises AS (SELECT * FROM promises_kept) SELECT label FROM v_promises",
                "WITH x AS (SELECT * FROM promises_kept) SELECT label FROM x", "SELECT label FROM v_nothing",
                "SELECT random() AS label", "SELECT count(*) AS label FROM promises_kept", "",
            ]
        switch dialect {
        case .sqlite:
            return both + [
                "PRAGMA writable_schema = ON", "SELECT sql AS label FROM sqlite_schema",
                "SELECT name AS label FROM sqlite_temp_schema", "SELECT load_extension('x') AS label",
                "SELECT concord_scope() AS label", "SELECT value AS label FROM json_each('[1]')",
                "ATTACH ':memory:' AS other", "SELECT label FROM v_promises WHERE label = ?",
                "SELECT randomblob(1000000000) AS label", "VACUUM", "BEGIN",
            ]
        case .postgres:
            return both + [
                "SELECT set_config('concord.accounts', 'other', true) AS label FROM v_promises",
                "SELECT set_config('role', 'none', true) AS label", "SELECT pg_sleep(100)::text AS label",
                "SELECT current_setting('concord.accounts') AS label", "SELECT pg_read_file('/etc/passwd') AS label",
                "SELECT query_to_xml('SELECT 1', true, true, '')::text AS label",
                "SELECT table_to_xml('promises_kept', true, true, '')::text AS label",
                "SELECT relname::text AS label FROM pg_class", "SELECT current_user::text AS label",
                "SELECT now()::text AS label", "SELECT pg_advisory_lock(1)::text AS label",
                "SELECT lo_import('/etc/passwd')::text AS label", "COPY promises_kept TO 'somewhere'", "RESET ROLE",
                "COMMIT",
                "SELECT label FROM v_promises WHERE label = $1", "DO $$ BEGIN END $$",
                "TABLE promises_kept", "SELECT generate_series(1, 1000000000)::text AS label",
                "EXPLAIN ANALYZE SELECT label FROM v_promises", "SELECT repeat('x', 1000000000) AS label",
            ]
        default: return both
        }
    }
}
