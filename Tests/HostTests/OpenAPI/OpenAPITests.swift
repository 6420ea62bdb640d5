import PluginAPI
import Testing

@testable import Host

struct OpenAPITests {
    @Test("The description names every operation once, with its parameters and shapes")
    func operations() throws {
        let document = try JSONValue(parsing: OpenAPIDocument.make(services: [service], version: "1.2.3"))

        #expect(document["openapi"] == .string("3.1.0"))
        #expect(document["info"]?["version"] == .string("1.2.3"))
        let get = try #require(document["paths"]?["/api/v1/things/{id}"]?["get"])
        #expect(get["operationId"] == .string("fake.things"))
        #expect(get["parameters"].map(names) == ["id", "limit", "from", "status", "price", "account_id", "cursor"])
        #expect(document["paths"]?["/api/v1/things"]?["post"]?["requestBody"]?["required"] == .boolean(true))
        #expect(document["paths"]?["/metrics"]?["get"]?["security"] == .array([]))
        #expect(document["components"]?["securitySchemes"]?["bearer"]?["scheme"] == .string("bearer"))
    }

    @Test("A parameter has its range and its default as a client would write it")
    func parameters() throws {
        let document = try JSONValue(parsing: OpenAPIDocument.make(services: [service], version: "1"))
        let parameters = try #require(document["paths"]?["/api/v1/things/{id}"]?["get"]?["parameters"])

        #expect(schema("limit", in: parameters) == #"{"type":"integer","minimum":1,"maximum":500,"default":50}"#)
        #expect(
            schema("from", in: parameters)
                == #"{"type":"string","anyOf":[{"format":"date-time"},{"pattern":"^-[0-9]+[smhd]$"}],"default":"-30d"}"#
        )
        #expect(
            schema("status", in: parameters)
                == #"{"type":"array","uniqueItems":true,"minItems":1,"items":{"type":"string","enum":["open","resolved"]},"default":["open"]}"#
        )
        #expect(schema("price", in: parameters) == #"{"type":"number","minimum":0,"maximum":10.5}"#)
    }

    @Test("Only commands speak of bodies and conflicts")
    func refusals() throws {
        let document = try JSONValue(parsing: OpenAPIDocument.make(services: [service], version: "1"))

        #expect(
            document["paths"]?["/api/v1/things/{id}"]?["get"]?["responses"].map(members)
                == ["200", "304", "400", "401", "403", "404", "405", "422", "429", "500", "503"])
        #expect(
            document["paths"]?["/api/v1/things"]?["post"]?["responses"].map(members)
                == ["200", "400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "500", "503"])
    }

    private func names(_ parameters: JSONValue) -> [String] {
        guard case .array(let elements) = parameters else { return [] }
        return elements.compactMap { if case .string(let name)? = $0["name"] { name } else { nil } }
    }

    private func members(_ object: JSONValue) -> [String] {
        if case .object(let members) = object { members.map(\.name) } else { [] }
    }

    private func schema(_ name: String, in parameters: JSONValue) -> String? {
        guard case .array(let elements) = parameters else { return nil }
        return elements.first { $0["name"] == .string(name) }?["schema"].map(text)
    }

    private func text(_ value: JSONValue) -> String {
        switch value {
        case .object(let members):
            "{" + members.map { "\"\($0.name)\":\(text($0.value))" }.joined(separator: ",") + "}"
        case .array(let elements): "[" + elements.map(text).joined(separator: ",") + "]"
        case .string(let string): "\"\(string)\""
        case .number(let number): number
        case .boolean(let flag): flag ? "true" : "false"
        default: "null"
        }
    }

    private var service: LoadedService {
        let operations: [Operation] = [
            .query(
                "things", at: "/things/{id}", ttl: .seconds(5),
                parameters: [
                    .limit(default: 50), .time("from", default: .ago(days: 30)),
                    Parameter("status", .choices(["open", "resolved"]), default: .value(.text("open"))),
                    Parameter("price", .decimal("0"..."10.5")),
                ], isPaged: true,
                reply: .object(["rows": .array(.object(["at": .optional(.timestamp), "price": .decimal]))])
            ) { (_: Request) -> Reply in Reply(body: []) },
            .command(
                "post", at: "/things", roles: [.agent],
                body: BodySchema(
                    contentTypes: ["application/json", "text/csv"], schema: .array(.object(["x": .decimal]))),
                reply: .anyObject
            ) { _ in Reply(body: []) },
        ]
        return LoadedService(id: "fake", service: FakeService(operations), status: { .ok })
    }
}
