import PluginAPI
import Testing

@Suite("A migration's script in two dialects")
struct MigrationScriptTests {
    @Test("Column types are spelled for the dialect")
    func types() {
        let script = "a {TEXT}, b {TIMESTAMP}"

        #expect(Migration.script(script, for: .sqlite) == "a TEXT, b INTEGER")
        #expect(Migration.script(script, for: .postgres) == "a text COLLATE \"C\", b timestamptz")
    }

    @Test(
        "What is marked for one dialect is in no script of the other",
        arguments: [
            (script: "x {POSTGRES}p{END} y", sqlite: "x  y", postgres: "x p y"),
            (script: "x {SQLITE}s{END} y", sqlite: "x s y", postgres: "x  y"),
            (script: "{SQLITE}s{END}{POSTGRES}p{END}", sqlite: "s", postgres: "p"),
            (
                script: "a{POSTGRES}p {TEXT}{END}b{SQLITE}s{END}c{POSTGRES}q{END}", sqlite: "absc",
                postgres: "ap text COLLATE \"C\"bcq"
            ),
        ])
    func marks(script: String, sqlite: String, postgres: String) {
        #expect(Migration.script(script, for: .sqlite) == sqlite)
        #expect(Migration.script(script, for: .postgres) == postgres)
    }
}
