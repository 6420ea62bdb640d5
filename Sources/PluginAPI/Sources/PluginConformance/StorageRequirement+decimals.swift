import PluginAPI

extension StorageRequirement {
    private static let columns = "id {BIGINT} PRIMARY KEY, amount {DECIMAL} NOT NULL"

    private static func insert(_ table: String, _ amounts: [FixedDecimal], in storage: any StorageBackend) async throws
    {
        try await storage.transaction { transaction in
            try transaction.executeMany(
                "INSERT INTO \(table) VALUES (?, ?)",
                amounts.enumerated().map { [.integer(Int64($0.offset)), .decimal($0.element)] })
        }
    }

    /// Numbers stay exactly what they are.
    static let decimals: [StorageRequirement] = [
        StorageRequirement("The extremes of decimals and their smallest unit are kept") { storage in
            try await withTable("promise_extremes", columns, in: storage) {
                let amounts: [FixedDecimal] = ["91999999999.99999999", "-91999999999.99999999", "0.00000001", "0"]
                try await insert("promise_extremes", amounts, in: storage)
                let read = try await storage.rows("SELECT amount FROM promise_extremes ORDER BY id").map {
                    $0.decimal(0)
                }
                try promise(read == amounts, "a decimal changed: \(read)")
            }
        },
        StorageRequirement("Sums of decimals are exact") { storage in
            try await withTable("promise_sums", columns, in: storage) {
                try await insert("promise_sums", ["0.1", "0.2", "-0.00000001", "1000000.7"], in: storage)
                let row = try await storage.rows("SELECT sum(amount) AS total FROM promise_sums").first
                try promise(row?.decimal("total") == "1000000.99999999", "the sum is not exact")
            }
        },
        StorageRequirement("Decimals are compared and ordered by value") { storage in
            try await withTable("promise_values", columns, in: storage) {
                try await insert("promise_values", ["10", "9.5", "-3", "9.50000001"], in: storage)
                let bound: FixedDecimal = "9.5"
                let read = try await storage.rows(
                    "SELECT amount FROM promise_values WHERE amount >= \(bound) ORDER BY amount"
                ).map { $0.decimal(0) }
                try promise(read == ["9.5", "9.50000001", "10"], "the order is \(read)")
            }
        },
        StorageRequirement("A decimal that storage cannot keep exactly is refused, not rounded") { storage in
            try await withTable("promise_exact", columns, in: storage) {
                for amount in [FixedDecimal(units: 1, scale: 9), FixedDecimal(units: 92_000_000_000, scale: 0)] {
                    let error = try await refusal { try await insert("promise_exact", [amount], in: storage) }
                    try promise(error?.isStatement == true, "\(amount) gave \(String(describing: error))")
                }
                let kept = try await integer("SELECT count(*) FROM promise_exact", in: storage)
                try promise(kept == 0, "something was stored")
            }
        },
        StorageRequirement("dec, dec_mul and dec_div are exact and round half away from zero") { storage in
            let cases: [(sql: SQL, result: FixedDecimal)] = [
                ("SELECT dec('1.5') AS x", "1.5"),
                ("SELECT dec('-0.00000001') AS x", "-0.00000001"),
                ("SELECT dec_mul(dec('0.1'), dec('0.2')) AS x", "0.02"),
                ("SELECT dec_mul(dec('0.00000001'), dec('0.5')) AS x", "0.00000001"),
                ("SELECT dec_mul(dec('-0.00000001'), dec('0.5')) AS x", "-0.00000001"),
                ("SELECT dec_div(dec('1'), dec('3')) AS x", "0.33333333"),
                ("SELECT dec_div(dec('-2'), dec('3')) AS x", "-0.66666667"),
            ]
            for (sql, result) in cases {
                let read = try await storage.rows(sql).first?.decimal("x")
                try promise(read == result, "\(sql) is \(String(describing: read)) and not \(result)")
            }
        },
        StorageRequirement("A division by zero and a product out of range are errors of the statement") { storage in
            for sql: SQL in [
                "SELECT dec_div(dec('1'), dec('0')) AS x", "SELECT dec_mul(dec('90000000000'), dec('2')) AS x",
                "SELECT dec('1e5') AS x",
            ] {
                let error = try await refusal { _ = try await storage.rows(sql) }
                try promise(error?.isStatement == true, "\(sql) gave \(String(describing: error))")
            }
        },
    ]
}
