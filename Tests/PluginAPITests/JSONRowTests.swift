import PluginAPI
import PluginTesting
import Testing

/// Rows of one array are read with an eye on the row before, whose names most of them repeat.
@Suite("JSON, rows of an array")
struct JSONRowTests {
    @Test("Rows in one document are what each is alone, and lie as their layout says", arguments: 0..<40)
    func together(seed: UInt64) throws {
        var source = RowSource(seed: seed)
        let rows = (0..<40).map { _ in source.row() }

        let array = try JSONDocument(parsing: Array("[\(rows.joined(separator: " ,"))]".utf8))
        let lines = try JSONDocument(parsingLines: Array(rows.joined(separator: "\n").utf8))

        let alone = try rows.map { try JSONValue(parsing: $0.utf8) }
        #expect(array.tree() == .array(alone))
        #expect(lines.tree() == .array(alone))
        expectLayoutsToHold(array)
        expectLayoutsToHold(lines)
        expectLayoutsToHold(JSONDocument(array.tree()))
    }

    @Test("Flat rows with the same names in the same order share a layout, as empty ones do, and no others")
    func layouts() throws {
        let document = try JSONDocument(
            parsing: Array(
                """
                [{"a":1,"b":"x"}, {"a":null,"b":2}, {"b":1,"a":2}, {"a":1}, {"a":1,"b":[1]}, {"a":1,"b":[1]}, {}, {}, 7, {}]
                """.utf8))

        let layouts = document.elements(of: 0).map {
            document.kind(of: $0) == .object ? document.layout(of: $0) : nil
        }

        #expect(layouts[0] == layouts[1])
        #expect(layouts[6] == layouts[7])
        #expect(layouts[6] == layouts[9])
        #expect(Set(layouts).count == 7)
    }

    @Test(
        "A name is refused the second time also where the row before had the first ones",
        arguments: repeatedNames)
    func repeats(before: [Int], row: [Int]) throws {
        for escape in ["n", #"\u006e"#] {
            let last = "\"\(escape)-\(row.last ?? 0)\":1}"
            let good = "[\(object(before)),\(object(row.dropLast()))"
            #expect(try JSONDocument(parsing: Array("\(good)]".utf8)).count(of: 0) == 2)

            let text = "\(good.dropLast()),\(last)]"
            let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array(text.utf8)) }

            #expect(error?.detail == "has the member \"n-\(row.last ?? 0)\" twice")
            #expect(error?.column == text.utf8.count - last.utf8.count)
        }
    }

    @Test("A document of nothing but small values is read whole, and refused where it is wrong")
    func dense() throws {
        let ones = Array(repeating: "1", count: 5_000).joined(separator: ",")

        #expect(try JSONDocument(parsing: Array("[\(ones)]".utf8)).count(of: 0) == 5_000)
        #expect(try JSONDocument(parsingLines: Array(ones.utf8.map { $0 == 0x2C ? 0x0A : $0 })).count(of: 0) == 5_000)
        let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array("[\(ones),x]".utf8)) }
        #expect(error == JSONSyntaxError(detail: "has an unexpected character", line: 1, column: 10_002))
        #expect(throws: JSONSyntaxError(detail: "is nested deeper than 32 levels", line: 1, column: 34)) {
            try JSONDocument(parsing: Array(String(repeating: "[", count: 100).utf8))
        }
    }

    @Test("A document of nothing but small objects is read whole, whether or not they share their names")
    func denseObjects() throws {
        for names in [["a"], ["a", "b"], ["a", "b", "a", "a"]] {
            let rows = (0..<5_000).map { names[$0 % names.count] }

            let document = try JSONDocument(
                parsing: Array("[\(rows.map { "{\"\($0)\":1}" }.joined(separator: ","))]".utf8))

            #expect(document.tree() == .array(rows.map { .object([.init(name: $0, value: .number("1"))]) }))
            expectLayoutsToHold(document)
        }
    }

    /// Members of objects that share a layout have the same names, each as far behind its object.
    private func expectLayoutsToHold(_ document: JSONDocument) {
        var known: [Int: [Member]] = [:]
        for row in document.elements(of: 0) where document.kind(of: row) == .object {
            var members: [Member] = []
            document.forEachMember(of: row) { name, value in
                let name = name.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
                members.append(Member(name: name, offset: value - row))
            }
            let layout = document.layout(of: row)
            #expect(known[layout, default: members] == members)
            known[layout] = members
        }
    }

    private struct Member: Equatable {
        var name: String
        var offset: Int
    }
}

/// Names of a row, by number, and of the row after it, whose last one repeats another.
private let repeatedNames: [(before: [Int], row: [Int])] = [
    ([0, 1], [0, 1, 0]),
    ([0, 1, 2], [0, 1, 1]),
    ([0, 1], [0, 0]),
    (numbers(30), numbers(30) + [5]),
    (numbers(30), numbers(27) + [5]),
    (numbers(25), numbers(24) + [23]),
    (numbers(24), numbers(24) + [30, 0]),
]

private func numbers(_ count: Int) -> [Int] { Array(0..<count) }

private func object(_ names: some Sequence<Int>) -> String {
    "{\(names.map { "\"n-\($0)\":\($0)" }.joined(separator: ","))}"
}

/// Makes rows that are like each other, but not always.
private struct RowSource {
    private var random: SplitMix
    private var names = [
        "ticket", "symbol", "", "é", #"n\u0061me"#, #"quote\""#, "a name of more than sixteen bytes", "s",
    ]

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
    }

    mutating func row() -> String {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: names.shuffle(using: &random)
        case 1: names.swapAt(0, Int.random(in: 0..<names.count, using: &random))
        case 2: return "[1]"
        default: break
        }
        let count = Bool.random(using: &random) ? names.count : Int.random(in: 0...names.count, using: &random)
        let members = names.prefix(count).map { "\"\($0)\": \(value())" }
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func value() -> String {
        let values = ["1.5", #""buy""#, "null", "true", "-2e3"]
        let isNested = Int.random(in: 0..<20, using: &random) == 0
        return isNested ? #"[{"ticket":1},{"ticket":2}]"# : values[Int.random(in: 0..<values.count, using: &random)]
    }
}
