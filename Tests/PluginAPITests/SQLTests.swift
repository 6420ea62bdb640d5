import PluginAPI
import Synchronization
import Testing

@Suite("A statement")
struct SQLTests {
    @Test("Interpolated values become parameters, never text")
    func interpolation() {
        let hostile = "x'; DROP TABLE trades; --"

        let sql: SQL =
            "SELECT * FROM trades WHERE account_id = \(hostile) AND ticket IN (\([1, 2] as [Int64])) AND v > \(3)"

        let parts = sql.parts(for: .sqlite)
        #expect(texts(parts) == ["SELECT * FROM trades WHERE account_id = ", " AND ticket IN (", ") AND v > "])
        #expect(values(parts) == [.text(hostile), .integer(1), .integer(2), .integer(3)])
    }

    @Test("An absent value is NULL of its kind")
    func null() {
        let sql: SQL = "\(nil as String?) \(nil as Int64?) \(nil as FixedDecimal?) \(nil as Timestamp?)"

        #expect(values(sql.parts(for: .postgres)) == [.null, .null, .null, .null])
    }

    @Test("Each kind of value keeps its kind")
    func kinds() {
        let sql: SQL = "\(true)\("1.50" as FixedDecimal)\(Timestamp(seconds: 1))\(json: "{}")\(Value.text("t"))"

        #expect(
            values(sql.parts(for: .sqlite)) == [
                .boolean(true), .decimal("1.5"), .timestamp(Timestamp(seconds: 1)), .json("{}"), .text("t"),
            ])
    }

    @Test("A statement inside another brings its parameters, in each dialect its own")
    func nesting() {
        let lock = SQL(sqlite: "", postgres: " FOR UPDATE")
        let clause: SQL = "account_id = \("a")"

        let sql: SQL = "SELECT 1 WHERE \(clause)"
        let both = sql + lock

        #expect(texts(both.parts(for: .sqlite)).joined() == "SELECT 1 WHERE account_id = ")
        #expect(texts(both.parts(for: .postgres)).joined() == "SELECT 1 WHERE account_id =  FOR UPDATE")
        #expect(values(both.parts(for: .postgres)) == [.text("a")])
        let interpolated: SQL = "SELECT 1\(lock)"
        #expect(texts(interpolated.parts(for: .postgres)).joined() == "SELECT 1 FOR UPDATE")
    }

    private func texts(_ parts: [SQL.Part]) -> [String] {
        parts.compactMap { if case .text(let text) = $0 { text } else { nil } }
    }

    private func values(_ parts: [SQL.Part]) -> [Value] {
        parts.flatMap { part -> [Value] in
            switch part {
            case .value(let value): [value]
            case .list(let values): values
            case .text: []
            @unknown default: []
            }
        }
    }
}

@Suite("A secret")
struct SecretTests {
    @Test("Cannot be printed by accident")
    func printing() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(["key": secret], to: &dumped)

        for text in [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", dumped,
            "\(Optional(secret) as Any)", "\(ConfigurationValue.secret(secret))",
        ] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
        #expect(secret.revealed() == "hunter2")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("One that can be read again is what its source has now, and no more printable than another")
    func reading() throws {
        let source = Mutex<String?>("hunter2")
        let secret = Secret("hunter2") { () throws(SecretUnreadable) in
            guard let text = source.withLock({ $0 }) else { throw SecretUnreadable(reason: "the file f is not there") }
            return text
        }

        source.withLock { $0 = "hunter3" }
        var dumped = ""
        dump(secret, to: &dumped)

        #expect(try secret.current() == "hunter3")
        #expect(secret.revealed() == "hunter2")
        #expect(secret == Secret("hunter2"))
        #expect(!"\(secret) \(dumped)".contains("hunter"))
        source.withLock { $0 = nil }
        #expect(throws: SecretUnreadable(reason: "the file f is not there")) { try secret.current() }
        #expect(try Secret("as ever").current() == "as ever")
    }
}
