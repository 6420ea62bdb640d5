/// One numbered, never edited step of a module's schema, in both dialects and both directions.
///
/// Its ID is `module/0001`. Scripts may use the portable column types `DECIMAL`, `TIMESTAMP`, `JSON`, `BOOLEAN`,
/// `BIGINT` and `TEXT` in capitals between curly braces, e.g. `{DECIMAL}`; ``script(_:for:)`` spells them for a dialect.
/// What only one dialect runs stands between `{POSTGRES}` or `{SQLITE}` and `{END}`.
public struct Migration: Sendable, Equatable {
    /// 1…9999, ascending within the module.
    public var number: Int
    /// A few words in lower case: `create trades`.
    public var name: String
    /// What makes the change, as a script in the portable types.
    public var up: String
    /// What takes it back.
    public var down: String

    /// A migration; see its members.
    public init(number: Int, name: String, up: String, down: String) {
        precondition((1...9999).contains(number), "a migration's number is 1 to 9999")
        self.number = number
        self.name = name
        self.up = up
        self.down = down
    }

    /// The script with portable column types spelled for `dialect`: SQLite keeps decimals as INTEGER units of 10⁻⁸,
    /// times as INTEGER microseconds and JSON as TEXT; PostgreSQL as `json`, which keeps a document byte for byte as `jsonb` does
    /// not. Text compares as bytes in both.
    public static func script(_ text: String, for dialect: SQLDialect) -> String {
        spell(only(dialect, of: text), for: dialect)
    }

    /// The text without what is marked for the other dialect, and without marks.
    private static func only(_ dialect: SQLDialect, of text: String) -> String {
        let other = dialect == .sqlite ? "{POSTGRES}" : "{SQLITE}"
        return text.split(separator: "{END}", omittingEmptySubsequences: false).map { part in
            let pieces = part.split(separator: other, maxSplits: 1, omittingEmptySubsequences: false)
            return pieces[0].split(separator: dialect == .sqlite ? "{SQLITE}" : "{POSTGRES}").joined()
        }.joined()
    }

    private static func spell(_ text: String, for dialect: SQLDialect) -> String {
        let types: [(portable: String, sqlite: String, postgres: String)] = [
            ("{DECIMAL}", "INTEGER", "numeric(20,8)"),
            ("{TIMESTAMP}", "INTEGER", "timestamptz"),
            ("{JSON}", "TEXT", "json"),
            ("{BOOLEAN}", "INTEGER", "boolean"),
            ("{BIGINT}", "INTEGER", "bigint"),
            ("{TEXT}", "TEXT", "text COLLATE \"C\""),
        ]
        return types.reduce(text) { script, type in
            script.split(separator: type.portable, omittingEmptySubsequences: false)
                .joined(separator: dialect == .sqlite ? type.sqlite : type.postgres)
        }
    }
}
