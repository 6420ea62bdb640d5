import PluginAPI

extension StorageRequirement {
    private static let columns = "id {BIGINT} PRIMARY KEY, total {BIGINT} NOT NULL CHECK (total >= 0)"

    /// Whole or not at all.
    static let transactions: [StorageRequirement] = [
        StorageRequirement("A read after an acknowledged write sees it") { storage in
            try await withTable("promise_visible", columns, in: storage) {
                for id in 0..<50 {
                    try await storage.transaction { try $0.execute("INSERT INTO promise_visible VALUES (\(id), 0)") }
                    let seen = try await integer("SELECT count(*) FROM promise_visible", in: storage)
                    try promise(seen == Int64(id + 1), "write \(id) was not seen")
                }
            }
        },
        StorageRequirement("A transaction sees its own writes") { storage in
            try await withTable("promise_own", columns, in: storage) {
                let seen = try await storage.transaction { transaction in
                    try transaction.execute("INSERT INTO promise_own VALUES (1, 5)")
                    return try transaction.rows("SELECT total FROM promise_own").first?.integer(0)
                }
                try promise(seen == 5, "it saw \(String(describing: seen))")
            }
        },
        StorageRequirement("A body that throws changes nothing, and its error comes through") { storage in
            try await withTable("promise_rollback", columns, in: storage) {
                var isThrown = false
                do {
                    try await storage.transaction { transaction in
                        try transaction.execute("INSERT INTO promise_rollback VALUES (1, 1)")
                        throw Refused()
                    }
                } catch is Refused {
                    isThrown = true
                }
                try promise(isThrown, "the body's error was lost")
                let kept = try await integer("SELECT count(*) FROM promise_rollback", in: storage)
                try promise(kept == 0, "a rolled back row is there")
            }
        },
        StorageRequirement("Tables made in a transaction that throws are gone") { storage in
            try? await storage.migrationTransaction { transaction in
                try transaction.executeScript(
                    "CREATE TABLE promise_undone (id INTEGER); CREATE TABLE promise_undone_too (id INTEGER)")
                throw Refused()
            }
            let error = try await refusal { _ = try await storage.rows("SELECT * FROM promise_undone") }
            try promise(error?.isStatement == true, "the table is there")
        },
        StorageRequirement("Unique, check and foreign-key constraints refuse as constraints") { storage in
            try await withTable(
                "promise_constraints", columns + ", parent {BIGINT} REFERENCES promise_constraints (id)", in: storage
            ) {
                try await storage.transaction { try $0.execute("INSERT INTO promise_constraints VALUES (1, 1, NULL)") }
                for sql: SQL in [
                    "INSERT INTO promise_constraints VALUES (1, 1, NULL)",
                    "INSERT INTO promise_constraints VALUES (2, -1, NULL)",
                    "INSERT INTO promise_constraints VALUES (3, 1, 99)",
                    "INSERT INTO promise_constraints VALUES (4, NULL, NULL)",
                ] {
                    let error = try await refusal { try await storage.transaction { _ = try $0.execute(sql) } }
                    try promise(error?.isConstraint == true, "\(sql) gave \(String(describing: error))")
                }
                let kept = try await integer("SELECT count(*) FROM promise_constraints", in: storage)
                try promise(kept == 1, "a refused row is there")
            }
        },
        StorageRequirement("Transactions at the same time each count once") { storage in
            try await withTable("promise_counter", columns, in: storage) {
                try await storage.transaction { try $0.execute("INSERT INTO promise_counter VALUES (1, 0)") }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<64 {
                        group.addTask {
                            try await storage.transaction { transaction in
                                let total = try transaction.rows(
                                    SQL(
                                        sqlite: "SELECT total FROM promise_counter WHERE id = 1",
                                        postgres: "SELECT total FROM promise_counter WHERE id = 1 FOR UPDATE")
                                ).first?.integer(0)
                                try transaction.execute(
                                    "UPDATE promise_counter SET total = \((total ?? 0) + 1) WHERE id = 1")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let total = try await integer("SELECT total FROM promise_counter", in: storage)
                try promise(total == 64, "64 increments make \(String(describing: total))")
            }
        },
        StorageRequirement("One failing among many at the same time fails alone") { storage in
            try await withTable("promise_neighbours", columns, in: storage) {
                let failures = await withTaskGroup(of: Bool.self) { group in
                    for id in 0..<60 {
                        group.addTask {
                            do {
                                try await storage.transaction { transaction in
                                    try transaction.execute("INSERT INTO promise_neighbours VALUES (\(id), 1)")
                                    if id.isMultiple(of: 3) { throw Refused() }
                                }
                                return false
                            } catch {
                                return true
                            }
                        }
                    }
                    return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                try promise(failures == 20, "\(failures) of 60 failed")
                let kept = try await integer("SELECT count(*) FROM promise_neighbours WHERE id % 3 <> 0", in: storage)
                let others = try await integer("SELECT count(*) FROM promise_neighbours WHERE id % 3 = 0", in: storage)
                try promise(kept == 40 && others == 0, "\(String(describing: kept)) are kept")
            }
        },
        StorageRequirement("A migration is applied whole or not at all") { storage in
            try? await storage.migrationTransaction { transaction in
                try transaction.executeScript(
                    "CREATE TABLE promise_half (id INTEGER); CREATE TABLE promise_half (id INTEGER)")
            }
            let error = try await refusal { _ = try await storage.rows("SELECT * FROM promise_half") }
            try promise(error?.isStatement == true, "half of it is there")
        },
    ]
}
