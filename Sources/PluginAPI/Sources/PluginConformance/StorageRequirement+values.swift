import PluginAPI

extension StorageRequirement {
    private static let columns = """
        id {BIGINT} PRIMARY KEY, flag {BOOLEAN}, whole {BIGINT}, amount {DECIMAL}, note {TEXT}, at {TIMESTAMP}, doc {JSON}
        """

    /// What goes in comes out.
    static let values: [StorageRequirement] = [
        StorageRequirement("Every kind of value is read back as it was written") { storage in
            try await withTable("promise_kinds", columns, in: storage) {
                try await storage.transaction { transaction in
                    try transaction.execute(
                        """
                        INSERT INTO promise_kinds VALUES (1, \(true), \(Int64(42)), \("1950.50" as FixedDecimal),
                            \("gold"), \(Timestamp(microseconds: 1_767_607_200_123_456)), \(json: "{\"a\": 1}"))
                        """)
                }
                let row = try await storage.rows("SELECT * FROM promise_kinds").first
                try promise(row?.boolean("flag") == true, "a boolean changed")
                try promise(row?.integer("whole") == 42, "an integer changed")
                try promise(row?.decimal("amount") == "1950.50", "a decimal changed")
                try promise(row?.text("note") == "gold", "a text changed")
                try promise(
                    row?.timestamp("at") == Timestamp(microseconds: 1_767_607_200_123_456), "a time lost microseconds")
                try promise(row?.json("doc") == "{\"a\": 1}", "a document changed")
            }
        },
        StorageRequirement("NULL of every kind is read back as nothing") { storage in
            try await withTable("promise_nulls", columns, in: storage) {
                try await storage.transaction { transaction in
                    try transaction.execute(
                        """
                        INSERT INTO promise_nulls VALUES (1, NULL, \(Int64?.none), \(FixedDecimal?.none), \(String?.none),
                            \(Timestamp?.none), NULL)
                        """)
                }
                let row = try await storage.rows("SELECT * FROM promise_nulls").first
                try promise(row != nil, "the row is missing")
                try promise(row?.boolean("flag") == nil && row?.integer("whole") == nil, "a NULL became a number")
                try promise(row?.decimal("amount") == nil && row?.timestamp("at") == nil, "a NULL became a figure")
                try promise(row?.text("note") == nil && row?.json("doc") == nil, "a NULL became a text")
            }
        },
        StorageRequirement("The largest and smallest integers are kept") { storage in
            try await withTable("promise_integers", "whole {BIGINT} NOT NULL", in: storage) {
                try await storage.transaction { transaction in
                    try transaction.executeMany(
                        "INSERT INTO promise_integers VALUES (?)", [[.integer(.max)], [.integer(.min)], [.integer(0)]])
                }
                let rows = try await storage.rows("SELECT whole FROM promise_integers ORDER BY whole")
                try promise(rows.map { $0.integer(0) } == [.min, 0, .max], "an extreme integer changed")
            }
        },
        StorageRequirement("Empty text is not NULL") { storage in
            try await withTable("promise_empty", "note {TEXT}", in: storage) {
                try await storage.transaction { try $0.execute("INSERT INTO promise_empty VALUES (\(""))") }
                let row = try await storage.rows("SELECT note FROM promise_empty WHERE note IS NOT NULL").first
                try promise(row?.text(0) == "", "an empty text became NULL")
            }
        },
        StorageRequirement("Text that only looks the same stays two texts") { storage in
            try await withTable("promise_bytes", "note {TEXT} PRIMARY KEY", in: storage) {
                let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
                try await storage.transaction { transaction in
                    try transaction.executeMany(
                        "INSERT INTO promise_bytes VALUES (?)", [[.text(composed)], [.text(decomposed)]])
                }
                let found = try await storage.rows("SELECT note FROM promise_bytes WHERE note = \(decomposed)")
                try promise(found.count == 1, "equality is not by bytes")
                try promise(
                    found.first?.text(0)?.utf8.elementsEqual(decomposed.utf8) == true, "another text was found")
            }
        },
        StorageRequirement("Every Unicode plane and a megabyte of text are kept") { storage in
            try await withTable("promise_texts", "id {BIGINT} PRIMARY KEY, note {TEXT} NOT NULL", in: storage) {
                let texts = ["Ünïcödé — 金 — 📈", String(repeating: "0123456789abcdef", count: 65_536), "tab\tand\nline"]
                try await storage.transaction { transaction in
                    for (id, text) in texts.enumerated() {
                        try transaction.execute("INSERT INTO promise_texts VALUES (\(id), \(text))")
                    }
                }
                let read = try await storage.rows("SELECT note FROM promise_texts ORDER BY id").map { $0.text(0) ?? "" }
                try promise(read == texts, "a text changed")
            }
        },
        StorageRequirement("Text is ordered by its bytes") { storage in
            try await withTable("promise_order", "note {TEXT} NOT NULL", in: storage) {
                try await storage.transaction { transaction in
                    try transaction.executeMany(
                        "INSERT INTO promise_order VALUES (?)",
                        ["b", "a-b", "B", "ab", "a_b", "é", "Z"].map { [.text($0)] })
                }
                let read = try await storage.rows("SELECT note FROM promise_order ORDER BY note").map {
                    $0.text(0) ?? ""
                }
                try promise(read == ["B", "Z", "a-b", "a_b", "ab", "b", "é"], "the order is \(read)")
            }
        },
        StorageRequirement("LIKE tells capital letters from small ones") { storage in
            try await withTable("promise_like", "note {TEXT} NOT NULL", in: storage) {
                try await storage.transaction { try $0.execute("INSERT INTO promise_like VALUES ('XAUUSD')") }
                let found = try await integer("SELECT count(*) FROM promise_like WHERE note LIKE 'xau%'", in: storage)
                try promise(found == 0, "LIKE ignores case")
            }
        },
        StorageRequirement("Microseconds before 1970 and far ahead are kept and ordered") { storage in
            try await withTable("promise_times", "at {TIMESTAMP} NOT NULL", in: storage) {
                let times = [-1, 0, 1, 253_402_300_799_999_999].map { Timestamp(microseconds: $0) }
                try await storage.transaction { transaction in
                    try transaction.executeMany("INSERT INTO promise_times VALUES (?)", times.map { [.timestamp($0)] })
                }
                let read = try await storage.rows("SELECT at FROM promise_times ORDER BY at").map { $0.timestamp(0) }
                try promise(read == times, "a time changed")
            }
        },
    ]
}
