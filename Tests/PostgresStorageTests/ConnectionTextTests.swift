import Testing

@testable import PostgresStorage

@Suite("The text that names a database")
struct ConnectionTextTests {
    @Test(
        "What libpq takes is taken",
        arguments: [
            "postgresql://ann:secret@db.example:5432/book?sslmode=verify-full&sslrootcert=ca.pem",
            "postgres://db.example/book", "postgresql://one,two:5433/book?target_session_attrs=read-write",
            "postgresql:///book?host=/run/postgresql", "host=db.example dbname=book sslmode=require",
        ])
    func taken(text: String) throws {
        #expect(try ConnectionText(text).parameters["dbname"] == "book")
    }

    @Test(
        "What it does not take is refused before anybody connects, and no part of it but a parameter's name repeated",
        arguments: [
            (text: "mysql://ann:secret@db/book", words: "is not the URL of a PostgreSQL database"),
            (text: "postgresql://ann:secret@[::1/book", words: "is not the URL of a PostgreSQL database"),
            (text: "postgresql://ann:secret%zz@db/book", words: "is not the URL of a PostgreSQL database"),
            (text: "postgresql://ann:secret@db/book?sslmde=require", words: "has the parameter `sslmde`"),
            (text: "host=db secrets=on", words: "has the parameter `secrets`"),
            (text: "postgresql://ann:secret@db:99999/book", words: "has no good port"),
            (text: "postgresql://ann:secret@db/book?sslmode=secret", words: "has an unknown sslmode; disable, allow"),
        ])
    func refused(text: String, words: String) {
        let problem = #expect(throws: ConnectionText.Problem.self) { try ConnectionText(text) }

        let detail = problem?.detail ?? ""
        #expect(detail.contains(words))
        #expect(!detail.replacing("`secrets`", with: "").contains("secret"))
    }
}
