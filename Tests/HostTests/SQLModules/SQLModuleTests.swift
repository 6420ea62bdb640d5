import Foundation
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("SQL modules")
struct SQLModuleTests {
    private static let view = StoredView(
        "v_trades", from: "trades", "Trades.",
        columns: [
            .init("account_id", .text), .init("symbol", .text), .init("volume", .decimal), .init("ticket", .integer),
            .init("entry_time", .timestamp),
        ])
    private static let other = StoredView(
        "v_other", from: "other", "Others.", columns: [.init("account_id", .text), .init("ticket", .text)])

    private static func columns(_ sql: String, _ declared: [String: ValueKind] = [:]) throws(SQLMistake) -> [ValueKind]
    {
        try AnswerColumns(NamedStatement(sql), declared: declared, views: [view, other]).columns().map(\.kind)
    }

    @Test(
        "Kinds are told where a statement tells them",
        arguments: [
            (
                "SELECT symbol, volume, ticket, entry_time FROM v_trades",
                [ValueKind.text, .decimal, .integer, .timestamp]
            ),
            ("SELECT t.symbol, t.volume AS lots FROM v_trades t", [.text, .decimal]),
            ("SELECT DISTINCT \"symbol\" FROM v_trades", [.text]),
            (
                "SELECT sum(volume) AS a, count(*) AS b, max(t.entry_time) AS c FROM v_trades t",
                [.decimal, .integer, .timestamp]
            ),
            (
                "SELECT row_number() OVER (ORDER BY ticket, symbol) AS n, lag(volume, 1) OVER (ORDER BY ticket) AS v FROM v_trades",
                [.integer, .decimal]
            ),
            ("SELECT coalesce(volume, dec('0')) AS v, utc_day(entry_time) AS d FROM v_trades", [.decimal, .timestamp]),
            ("SELECT upper(symbol) AS s FROM v_trades -- a comment, with FROM", [.text]),
        ])
    func kinds(_ sql: String, _ expected: [ValueKind]) throws {
        #expect(try Self.columns(sql) == expected)
    }

    @Test(
        "Where a statement does not tell a kind, it has to be declared",
        arguments: [
            "SELECT volume + volume AS x FROM v_trades", "SELECT x FROM (SELECT count(*) AS x FROM v_trades) AS t",
            "WITH t AS (SELECT count(*) AS volume FROM v_trades) SELECT volume AS x FROM t",
            "SELECT volume AS x FROM v_trades UNION SELECT volume FROM v_trades", "SELECT 1 AS x FROM v_trades",
            "SELECT t.ticket AS x FROM v_trades t, v_other o", "SELECT sum(volume) + 0 AS x FROM v_trades",
        ])
    func undeclared(_ sql: String) throws {
        #expect(throws: SQLMistake.self) { try Self.columns(sql) }
        #expect(try Self.columns(sql, ["x": .decimal]) == [.decimal])
    }

    @Test("A declaration cannot say otherwise than the statement")
    func contradiction() {
        for kind in [ValueKind.integer, .text, .timestamp] {
            #expect(throws: SQLMistake.self) { try Self.columns("SELECT volume AS x FROM v_trades", ["x": kind]) }
        }
    }

    @Test(
        "What the two storages would read in different ways is refused",
        arguments: [
            "SELECT $$x$$ AS x FROM v_trades", "SELECT E'x' AS x FROM v_trades", "SELECT `symbol` FROM v_trades",
            "SELECT [symbol] FROM v_trades", "SELECT symbol::text AS x FROM v_trades", "SELECT ? AS x FROM v_trades",
            "SELECT 'x AS x FROM v_trades", "SELECT /* /* */ symbol FROM v_trades", "SELECT symbol FROM v_trades /*",
            "SELECT symbol FROM v_trades; SELECT 1", "DELETE FROM v_trades", "", "SELECT :x AS x FROM v_trades",
            "SELECT @x AS x FROM v_trades", "SELECT x'00' AS x FROM v_trades", "SELECT U&'x' AS x FROM v_trades",
            "SELECT $1 AS x FROM v_trades", "SELECT symbol FROM v_trades \u{0}", "VALUES (1)", "SELECT é FROM v_trades",
        ])
    func unreadable(_ sql: String) {
        #expect(throws: SQLMistake.self) { try Self.columns(sql, ["x": .text]) }
    }

    @Test(
        "Arithmetic that is exact in one storage only is refused",
        arguments: [
            "volume > 1", "1 < volume", "volume * ticket > 0", "volume / 2 > 0", "volume > 0.5", "ticket > 1e3",
            "volume + 1 > 0",
            "t.volume = 2", "ticket = 1 AND $least > 5", "volume BETWEEN 1 AND 2", "volume NOT BETWEEN 0 AND 2",
            "volume IN (0, 1)", "0 = 0 GROUP BY symbol HAVING sum(volume) > 1", "1 < t.volume",
            "5 > coalesce(volume, dec('0'))",
            "sum(volume) * 2 > 0", "volume > -1", "(volume) > 1", "(volume + volume) > 1", "volume = $n",
            "coalesce(volume, 1) > 0",
            "dec_div(sum(volume), count(*)) > 0", "dec_mul(volume, 2) > 0", "CASE volume WHEN 1 THEN 1 END = 1",
            "CAST(volume AS text) = symbol", "symbol || volume = symbol", "length(volume) > 0",
            "CAST('now' AS timestamptz) > entry_time",
            "lower(volume) = symbol", "dec_div(volume, ticket) > 0",
            "ticket IN (SELECT ticket FROM v_trades WHERE volume > 1)",
        ])
    func inexact(_ condition: String) throws {
        let statement = try NamedStatement("SELECT symbol FROM v_trades t WHERE \(condition)")
        #expect(throws: SQLMistake.self) {
            try DecimalRules(statement, views: [Self.view], parameters: ["least": .decimal, "n": .integer]).check()
        }
    }

    @Test(
        "Other arithmetic is not",
        arguments: [
            "volume > dec('1')", "ticket > 1", "ticket * 2 > 4", "volume > 0", "volume + volume > $least",
            "-volume < 0",
            "dec_mul(volume, dec('2')) > $least", "symbol = '1.5'", "volume BETWEEN 0 AND dec('2')", "ticket IN (1, 2)",
            "count(volume) > 1", "dec_div(sum(volume), dec(CAST(count(*) AS text))) > $least",
            "coalesce(volume, 0) > 0",
            "CASE WHEN volume > 0 THEN 1 ELSE 2 END = 1", "(ticket + 1) > 1", "ticket = $n",
            "lag(volume, 1) OVER () > 0", "length(symbol) * 2 > 4", "ticket BETWEEN 1 AND 2 AND volume > 0",
        ])
    func exact(_ condition: String) throws {
        let statement = try NamedStatement("SELECT symbol FROM v_trades WHERE \(condition)")
        try DecimalRules(statement, views: [Self.view], parameters: ["least": .decimal, "n": .integer]).check()
    }

    @Test("Pieces put together are the text, and every place in them is found again", arguments: 0..<200)
    func pieces(_ seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        let bits = [
            "'it''s $no', ", "$from ", "$a_1 ", "\"$x\" ", "-- $no\n", "/* $no ' */", "symbol, ", "('ü')", "\n ",
        ]
        let text =
            "SELECT "
            + (0..<Int.random(in: 0...12, using: &random)).map { _ in bits.randomElement(using: &random) ?? "" }
            .joined()
        let statement = try NamedStatement(text)
        var (together, starts): (String, [Int]) = ("", [])
        for piece in statement.pieces {
            starts.append(together.utf8.count)
            switch piece {
            case .text(let text): together += text
            case .parameter(let name): together += "$" + name
            }
        }
        #expect(together == text)
        #expect(Set(statement.parameters).isSubset(of: ["from", "a_1"]))
        var part = 0
        for (index, piece) in statement.pieces.enumerated() {
            #expect(statement.offset(of: .init(part: index, offset: 0), in: .sqlite) == starts[index])
            #expect(statement.offset(of: .init(part: part, offset: 0), in: .postgres) == starts[index])
            if case .parameter = piece { part += 3 } else { part += 1 }
        }
    }

    /// `CONCORD_WRITE_READMES=1` writes the tables instead of comparing them.
    @Test("The documents list the keys and the views there are", arguments: ["docs/sql-modules.md", "docs/schema.md"])
    func documents(_ path: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent(path)
        let text = try String(contentsOf: file, encoding: .utf8)
        let table =
            path.hasSuffix("schema.md")
            ? ViewTable(views: SQLModuleFiles.views).text : ModuleTable(keys: SQLModuleReader.top).text
        let fresh = try #require(ModuleTable.inserted(table, into: text))
        if ProcessInfo.processInfo.environment["CONCORD_WRITE_READMES"] == "1" {
            try fresh.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(text == fresh, "run: CONCORD_WRITE_READMES=1 swift test --filter SQLModuleTests")
        }
    }

    @Test(
        "A key that means nothing for the type of its parameter is refused at its place",
        arguments: [
            (
                "type: text, min: 1",
                "asked.yaml:4:29: error: `methods.a.params.p.min` is for integer and decimal, not for text; drop it"
            ),
            ("type: time, max: 1", "`methods.a.params.p.max` is for integer and decimal, not for time"),
            ("type: integer, choices: [a]", "`methods.a.params.p.choices` is for choice, not for integer"),
            (
                "type: choice, choices: [a], min: 0",
                "`methods.a.params.p.min` is for integer and decimal, not for choice"
            ),
            (
                "type: duration, max: 1h",
                "`methods.a.params.p.max` is for integer and decimal, not for duration; drop it"
            ),
            ("type: text, choices: []", "`methods.a.params.p.choices` is for choice, not for text"),
        ])
    func meaningless(keys: String, told: String) {
        let report = Self.read(keys)

        #expect(report.mistakes.count == 1 && report.text.contains(told), "\(report.text)")
    }

    @Test(
        "Keys that mean something are taken",
        arguments: [
            "type: integer, min: 0, max: 5", "type: decimal, min: 0.5", "type: choice, choices: [a, b]",
            "type: text, required: true, summary: Which",
        ])
    func meaningful(keys: String) {
        #expect(Self.read(keys).mistakes.isEmpty, "\(Self.read(keys).text)")
    }

    private static func read(_ keys: String) -> ConfigurationReport {
        let text = """
            methods:
              a:
                params:
                  p: { \(keys) }
                sql: SELECT symbol FROM v_trades WHERE symbol = $p
            """
        return SQLModuleReader.read(
            ConfigurationSource(name: "asked.yaml", text: text), id: "asked", views: SQLModuleFiles.views,
            catalog: .compiledIn
        ).report
    }

    @Test("The scaffold is good as it stands, and small")
    func scaffold() {
        let text = SQLScaffold.text("busy")
        let (definition, report) = SQLModuleReader.read(
            ConfigurationSource(name: "busy.yaml", text: text), id: "busy", views: SQLModuleFiles.views,
            catalog: .compiledIn)
        #expect(report.mistakes.isEmpty)
        #expect(
            definition?.methods.map(\.columns) == [
                [
                    .init(name: "symbol", kind: .text), .init(name: "trades", kind: .integer),
                    .init(name: "lots", kind: .decimal),
                ]
            ])
        #expect(text.split(separator: "\n").count <= 12)
    }
}
