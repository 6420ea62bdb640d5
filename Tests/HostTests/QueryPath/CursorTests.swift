import HTTPTypes
import PluginAPI
import Testing

@testable import Host

struct CursorTests {
    private let codec = CursorCodec(secret: Array("secret".utf8))
    private let binding = [UInt8](repeating: 7, count: 16)

    @Test(
        "A cursor gives back the row it was made of",
        arguments: [
            [], [.null], [.boolean(true), .boolean(false)],
            [.integer(.min), .integer(.max), .integer(0), .integer(-1)],
            [.decimal("1950.50"), .decimal("-0.00000001"), .decimal(FixedDecimal(units: .min, scale: 36))],
            [.text(""), .text("trade:t-77"), .text("é\u{0}\"")], [.timestamp(Timestamp(microseconds: -1)), .text("x")],
            [.timestamp(Timestamp(seconds: 1_767_607_200)), .integer(12_345)], [.json(#"{"a":1}"#)],
        ] as [[Value]]
    )
    func roundTrip(row: [Value]) throws {
        let text = codec.sign(row, operation: "m.list", binding: binding)

        #expect(try codec.open(text, operation: "m.list", binding: binding) == row)
        #expect(text.utf8.allSatisfy { PercentEncoding.encode(String(UnicodeScalar($0))).utf8.count == 1 })
    }

    @Test("A cursor of which any character is altered, lost or added is refused")
    func tampering() throws {
        let text = codec.sign([.integer(5), .text("a")], operation: "m.list", binding: binding)
        var altered: [String] = ["", "A", text + "A", text + "=", String(text.dropLast()), String(text.dropFirst())]
        for index in text.indices {
            for character in "Az_" where text[index] != character {
                altered.append(text.replacingCharacters(at: index, with: character))
            }
        }

        for cursor in altered {
            #expect(throws: refusal) { try codec.open(cursor, operation: "m.list", binding: binding) }
        }
    }

    @Test("A cursor is bound to its operation, its parameters and its installation")
    func bound() throws {
        let text = codec.sign([.integer(5)], operation: "m.list", binding: binding)
        let other = CursorCodec(secret: Array("another".utf8))

        #expect(throws: refusal) { try codec.open(text, operation: "m.other", binding: binding) }
        #expect(throws: refusal) {
            try codec.open(text, operation: "m.list", binding: [UInt8](repeating: 8, count: 16))
        }
        #expect(throws: refusal) { try other.open(text, operation: "m.list", binding: binding) }
    }

    @Test("A cursor leads on with another limit, and not with another filter, user or account")
    func overHTTP() async throws {
        let harness = try QueryPathHarness([pages])
        let first = await harness.ask("symbol=A&limit=2&from=-30d")
        let cursor = try #require(first.json?["next_cursor"].flatMap { if case .string(let s) = $0 { s } else { nil } })

        #expect(await harness.ask("symbol=A&limit=3&from=-720h&cursor=\(cursor)").text.contains(#""after":2"#))
        #expect(await harness.ask("symbol=B&limit=2&cursor=\(cursor)").detail == "The parameter cursor \(refusalText).")
        #expect(await harness.ask("symbol=A&cursor=\(cursor)", as: .bob).status == .badRequest)
        #expect(await harness.ask("symbol=A&cursor=\(cursor)&account_id=a1").status == .badRequest)
        #expect(await harness.ask("symbol=A&cursor=x\(cursor)").status == .badRequest)
    }

    private let refusalText = "is not one that this query with these parameters gave"
    private var refusal: Problem { .badParameter("cursor", refusalText) }

    private var pages: Operation {
        .asking(parameters: [.limit(default: 10), .symbol, .time("from", default: .ago(days: 30))], isPaged: true) {
            request in
            Reply { (json: inout JSONWriter) in
                if case .integer(let after)? = request.cursor?.first { json.field("after", after) }
                json.field("next_cursor", request.cursor(after: [.integer(Int64(request.limit))]))
            }
        }
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index, with character: Character) -> String {
        var copy = self
        copy.replaceSubrange(index...index, with: [character])
        return copy
    }
}
