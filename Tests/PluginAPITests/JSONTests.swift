import PluginAPI
import Testing

@Suite("JSON")
struct JSONTests {
    @Test(
        "Everything RFC 8259 allows is read",
        arguments: [
            ("null", .null), (" true\n", .boolean(true)), ("false", .boolean(false)), ("0", .number("0")),
            ("-0.10", .number("-0.10")), ("1950.50", .number("1950.50")), ("1E+2", .number("1E+2")),
            ("\"\"", .string("")),
            (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{C}\n\r\t")), (#""\u00e9\u20AC""#, .string("é€")),
            (#""\ud83d\ude00""#, .string("😀")), (#""\u0000""#, .string("\0")), ("[]", .array([])), ("{}", .object([])),
            ("[1, [2]]", .array([.number("1"), .array([.number("2")])])),
            (#"{"b":1,"a":null}"#, .object([.init(name: "b", value: .number("1")), .init(name: "a", value: .null)])),
        ] as [(String, JSONValue)]
    )
    func accepted(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text.utf8) == value)
    }

    @Test(
        "Everything else is refused",
        arguments: [
            "", " ", "nul", "True", "01", "-", "-01", "1.", ".5", "+1", "1e", "1e+", "0x1", "NaN", "Infinity", "'a'",
            "\"",
            "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\", "\"a\nb\"", "\"\t\"", "[", "[1", "[1,", "[1,]",
            "[,1]", "[1 2]",
            "{", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\":1", "1 2", "[] x", "//c\n1",
            "]", "}",
            #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\u0041""#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#,
            "\u{FEFF}1",
        ])
    func refused(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test(
        "Bytes that are not UTF-8 are refused",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
        ]
            as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    }

    @Test("Every beginning of a document is refused, and no byte in its place makes it crash")
    func truncatedAndGarbled() throws {
        let text = Array(#"{"a": [1.5, "x\u00e9", true, null], "b": {"c": -2e3}}"#.utf8)
        _ = try JSONValue(parsing: text)

        for length in text.indices {
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text[..<length]) }
        }
        for index in text.indices {
            for byte in [0x00, 0x22, 0x5C, 0x7B, 0x5D, 0x75, 0x80, 0xFF] as [UInt8] {
                var garbled = text
                garbled[index] = byte
                _ = try? JSONValue(parsing: garbled)
            }
        }
    }

    @Test("A problem is named by line and column")
    func places() {
        #expect(throws: JSONSyntaxError(detail: "has an unexpected character", line: 3, column: 8)) {
            try JSONValue(parsing: "{\n  \"a\": 1,\n  \"b\": x\n}".utf8)
        }
        #expect(throws: JSONSyntaxError(detail: "has the member \"a\" twice", line: 1, column: 9)) {
            try JSONValue(parsing: #"{"a":1, "a":2}"#.utf8)
        }
    }

    @Test("Depth and length are bounded")
    func limits() throws {
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        let limits = JSONLimits(depthMax: 32, textMax: 4)

        #expect(throws: Never.self) { try JSONValue(parsing: deep.utf8) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "[[\(deep)]]".utf8) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: String(repeating: "[", count: 100_000).utf8) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "\"12345\"".utf8, limits: limits) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "12345".utf8, limits: limits) }
        #expect(try JSONValue(parsing: "1234".utf8, limits: limits) == .number("1234"))
    }

    @Test("A member is found by its exact bytes")
    func members() throws {
        let value = try JSONValue(parsing: "{\"e\u{301}\": 1}".utf8)

        #expect(value["e\u{301}"] == .number("1"))
        #expect(value["\u{E9}"] == nil)
        #expect(JSONValue.null["a"] == nil)
    }

    @Test("The writer places commas and keeps digits, and what it writes is read back")
    func writing() throws {
        var json = JSONWriter()
        json.object {
            $0.field("text", "a\"\\\n\u{1}é")
            $0.field("none", nil as String?)
            $0.field("price", "1950.5" as FixedDecimal, digits: 2)
            $0.field("fine", "1.23456" as FixedDecimal, digits: 2)
            $0.field("time", Timestamp(seconds: 0))
            $0.arrayField("list", of: [1, 2]) { $0.integer($1) }
            $0.objectField("empty") { _ in }
            $0.key("raw")
            $0.value(.json("[true]"))
            $0.field("flag", false)
        }

        #expect(
            json.text == #"{"text":"a\"\\\n\u0001é","none":null,"price":1950.50,"fine":1.23456,"#
                + #""time":"1970-01-01T00:00:00Z","list":[1,2],"empty":{},"raw":[true],"flag":false}"#)
        #expect(try JSONValue(parsing: json.bytes)["text"] == .string("a\"\\\n\u{1}é"))
    }

    @Test("A writer's error goes through")
    func throwing() {
        struct Stop: Error {}
        var json = JSONWriter()

        #expect(throws: Stop.self) { try json.array { _ in throw Stop() } }
    }
}
