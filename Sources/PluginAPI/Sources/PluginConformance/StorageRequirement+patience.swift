import PluginAPI

extension StorageRequirement {
    private static let columns = "id {BIGINT} PRIMARY KEY"

    /// Runs for hours unless it is interrupted.
    private static let endless: SQL = """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)
        SELECT count(*) AS total FROM n AS a, n AS b WHERE a.i <> b.i
        """

    /// Deadlines and callers that have gone.
    static let patience: [StorageRequirement] = [
        StorageRequirement("A read beyond its deadline is interrupted") { storage in
            let error = try await refusal {
                _ = try await storage.rows(endless, deadline: .now + .milliseconds(50))
            }
            try promise(error == .timedOut, "it gave \(String(describing: error))")
        },
        StorageRequirement("A deadline that has passed lets nothing run") { storage in
            try await withTable("promise_late", columns, in: storage) {
                let read = try await refusal {
                    _ = try await storage.rows("SELECT 1 AS one", deadline: .now - .seconds(1))
                }
                let write = try await refusal {
                    try await storage.transaction(deadline: .now - .seconds(1)) { transaction in
                        _ = try transaction.execute("INSERT INTO promise_late VALUES (1)")
                    }
                }
                try promise(read == .timedOut && write == .timedOut, "it ran")
                let kept = try await integer("SELECT count(*) FROM promise_late", in: storage)
                try promise(kept == 0, "it was written")
            }
        },
        StorageRequirement("A transaction beyond its deadline changes nothing") { storage in
            try await withTable("promise_overdue", columns, in: storage) {
                let error = try await refusal {
                    try await storage.transaction(deadline: .now + .milliseconds(50)) { transaction in
                        try transaction.execute("INSERT INTO promise_overdue VALUES (1)")
                        _ = try transaction.rows(endless)
                    }
                }
                try promise(error == .timedOut, "it gave \(String(describing: error))")
                let kept = try await integer("SELECT count(*) FROM promise_overdue", in: storage)
                try promise(kept == 0, "it was written")
            }
        },
        StorageRequirement("A cancelled read is interrupted") { storage in
            let reading = Task { try await storage.rows(endless) }
            reading.cancel()
            let error = try await refusal { _ = try await reading.value }
            try promise(error == .timedOut, "it gave \(String(describing: error))")
        },
        StorageRequirement("A cancelled transaction changes nothing, and the next one works") { storage in
            try await withTable("promise_cancelled", columns, in: storage) {
                let writing = Task {
                    try await storage.transaction { transaction in
                        try transaction.execute("INSERT INTO promise_cancelled VALUES (1)")
                        _ = try transaction.rows(endless)
                    }
                }
                writing.cancel()
                let error = try await refusal { try await writing.value }
                try promise(error == .timedOut, "it gave \(String(describing: error))")
                try await storage.transaction { try $0.execute("INSERT INTO promise_cancelled VALUES (2)") }
                let kept = try await integer("SELECT sum(id) FROM promise_cancelled", in: storage)
                try promise(kept == 2, "the rows add up to \(String(describing: kept))")
            }
        },
        StorageRequirement("An interrupted neighbour takes nothing with it") { storage in
            try await withTable("promise_bystander", columns, in: storage) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for id in 0..<20 {
                        group.addTask {
                            let deadline: ContinuousClock.Instant? = id == 10 ? .now + .milliseconds(50) : nil
                            do {
                                try await storage.transaction(deadline: deadline) { transaction in
                                    try transaction.execute("INSERT INTO promise_bystander VALUES (\(id))")
                                    guard id == 10 else { return }
                                    // Interrupted while it writes, which SQLite answers by giving up the transaction.
                                    try transaction.execute("INSERT INTO promise_bystander \(endlessIDs)")
                                }
                            } catch StorageError.timedOut where id == 10 {}
                        }
                    }
                    try await group.waitForAll()
                }
                let kept = try await integer("SELECT count(*) FROM promise_bystander", in: storage)
                try promise(kept == 19, "\(String(describing: kept)) of 19 are kept")
            }
        },
        StorageRequirement("Health is good while it works") { storage in
            let health = await storage.health()
            try promise(health == .ok, "it says \(health)")
        },
    ]

    private static let endlessIDs: SQL = """
        WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT i FROM n
        """
}
