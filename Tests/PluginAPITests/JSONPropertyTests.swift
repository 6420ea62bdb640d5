import Foundation
import PluginAPI
import PluginTesting
import Testing

/// Generated documents, good and broken, read by Concord and by Foundation.
///
/// Foundation is the judge of what is JSON where it goes by RFC 8259. It does not where it takes repeated names and a comma
/// before a closing brace, refuses numbers that binary ones cannot hold, and guesses an encoding from zero bytes.
@Suite("JSON, generated")
struct JSONPropertyTests {
    @Test("What is written is read back, and again as lines and as a tree", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var source = DocumentSource(seed: seed)
        for _ in 0..<20 {
            let value = source.value(depth: 0)

            let bytes = source.bytes(value)

            #expect(try JSONValue(parsing: bytes) == value)
            #expect(JSONDocument(value).tree() == value)
            let lines = bytes.filter { $0 != 0x0A } + [0x0A, 0x20, 0x0D, 0x0A] + bytes.filter { $0 != 0x0A }
            #expect(try JSONDocument(parsingLines: lines).tree() == .array([value, value]))
        }
    }

    @Test("Broken documents are refused exactly where Foundation refuses them", arguments: 0..<20)
    func mutations(seed: UInt64) throws {
        var source = DocumentSource(seed: seed)
        var refused = 0
        for _ in 0..<50 {
            let bytes = source.broken(source.bytes(source.value(depth: 0)))

            let ours = Result { () throws(JSONSyntaxError) in try JSONDocument(parsing: bytes) }
            let isGood = isJSON(bytes)

            switch ours {
            case .success(let document):
                let tree = document.tree()
                #expect(
                    isGood || tree.holdsNumberBeyondDouble,
                    "Foundation refuses \(String(decoding: bytes, as: UTF8.self))")
                #expect(JSONDocument(tree).tree() == tree)
            case .failure(let error):
                refused += 1
                let isStricter =
                    error.detail.hasSuffix("twice") || error.detail == "lacks a member name" || bytes.contains(0)
                #expect(
                    !isGood || isStricter, "Foundation takes \(String(decoding: bytes, as: UTF8.self)), \(error)")
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
        #expect(refused > 0)
    }

    @Test("A member is refused the second time, however many there are", arguments: [1, 2, 23, 24, 25, 26, 200])
    func repeatedNames(count: Int) throws {
        let names = (0..<count).map { $0.isMultiple(of: 3) ? "n\\u002d\($0)" : "n-\($0)" }
        let members = names.map { "\"\($0)\":[{\"n-0\":1}]" }

        let document = try JSONDocument(parsing: Array("{\(members.joined(separator: ","))}".utf8))
        #expect(document.count(of: 0) == count)
        for index in 0..<count {
            let text = "{\(members.joined(separator: ",")),\"n-\(index)\":0}"
            let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array(text.utf8)) }
            #expect(error?.detail == "has the member \"n-\(index)\" twice")
            #expect(error?.column == text.utf8.count - "\"n-\(index)\":0}".utf8.count + 1)
        }
    }

    @Test("A string is read alike wherever in a word its special byte stands", arguments: 0..<20)
    func places(length: Int) throws {
        let plain = String(repeating: "x", count: length)
        for (text, value) in [("", ""), ("\\n", "\n"), ("é", "é"), ("😀", "😀"), ("\\u0000", "\0"), ("\u{7F}", "\u{7F}")]
        {
            for tail in ["", "y", "yyyyyyyyyyyyyyyyy"] {
                let bytes = Array("[\"\(plain)\(text)\(tail)\",1]".utf8)
                #expect(try JSONValue(parsing: bytes) == .array([.string(plain + value + tail), .number("1")]))
            }
        }
        for byte in [0x00, 0x1F, 0x80, 0xFF] as [UInt8] {
            let bytes = Array("[\"\(plain)".utf8) + [byte] + Array("yyyyyyyyyy\"]".utf8)
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
        }
    }
}

/// Whether Foundation reads the bytes as one JSON document of UTF-8.
private func isJSON(_ bytes: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])) != nil
}

extension JSONValue {
    fileprivate var holdsNumberBeyondDouble: Bool {
        switch self {
        case .number(let text): Double(text).map(\.isInfinite) ?? true
        case .array(let elements): elements.contains(where: \.holdsNumberBeyondDouble)
        case .object(let members): members.contains { $0.value.holdsNumberBeyondDouble }
        default: false
        }
    }
}

/// Makes values and texts from a seed, so that a failure can be repeated.
private struct DocumentSource {
    private var random: SplitMix

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
    }

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 9 : 5), using: &random) {
        case 0: return .null
        case 1: return .boolean(Bool.random(using: &random))
        case 2: return .number(number())
        case 3, 4: return .string(text())
        case 5, 6: return .array((0..<count()).map { _ in value(depth: depth + 1) })
        default:
            var names: Set<[UInt8]> = []
            return .object(
                (0..<count()).compactMap { _ in
                    let name = text()
                    guard names.insert(Array(name.utf8)).inserted else { return nil }
                    return .init(name: name, value: value(depth: depth + 1))
                })
        }
    }

    private mutating func count() -> Int {
        Int.random(in: 0..<30, using: &random) / Int.random(in: 1...8, using: &random)
    }

    private mutating func number() -> String {
        let whole = Int.random(in: -1_000...1_000_000, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "\(whole)"
        case 1: return "\(whole).\(UInt8.random(in: 0...255, using: &random))"
        case 2: return "-0.0\(UInt16.random(in: 0...9_999, using: &random))"
        default: return "\(whole)E-\(Int.random(in: 0...20, using: &random))"
        }
    }

    private mutating func text() -> String {
        let letters: [Character] = [
            "a", "b", "_", "\"", "\\", "/", "\n", "\u{1}", "é", "€", "😀", "\u{7F}", "\u{301}", " ",
        ]
        let isPlain = Bool.random(using: &random)
        return String(
            (0..<Int.random(in: 0..<24, using: &random)).map { _ in
                isPlain ? "k" : letters[Int.random(in: 0..<letters.count, using: &random)]
            }) + "\(Int.random(in: 0..<50, using: &random))"
    }

    /// A value's text by the writer, with white space strewn in.
    mutating func bytes(_ value: JSONValue) -> [UInt8] {
        var json = JSONWriter()
        write(value, to: &json)
        return [0x20, 0x0A, 0x09].prefix(Int.random(in: 0...3, using: &random)) + json.bytes + [0x0D, 0x20]
    }

    private func write(_ value: JSONValue, to json: inout JSONWriter) {
        switch value {
        case .null: json.null()
        case .boolean(let flag): json.boolean(flag)
        case .number(let text): json.raw(text.utf8)
        case .string(let text): json.string(text)
        case .array(let elements): json.array(of: elements) { write($1, to: &$0) }
        case .object(let members):
            json.object { json in
                for member in members {
                    json.key(member.name)
                    write(member.value, to: &json)
                }
            }
        @unknown default: json.null()
        }
    }

    /// A few bytes changed, put in, taken out or cut off.
    mutating func broken(_ bytes: [UInt8]) -> [UInt8] {
        let marks = Array("\"\\{}[]:,0-.eEtfnu \n\u{1}é/+".utf8) + [0x80, 0xC0, 0xED, 0xFF]
        var result = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) where !result.isEmpty {
            let place = Int.random(in: 0..<result.count, using: &random)
            let mark = marks[Int.random(in: 0..<marks.count, using: &random)]
            switch Int.random(in: 0..<5, using: &random) {
            case 0: result[place] = mark
            case 1: result.insert(mark, at: place)
            case 2: result.remove(at: place)
            case 3: result.removeSubrange(place...)
            default: result.swapAt(place, Int.random(in: 0..<result.count, using: &random))
            }
        }
        return result
    }
}
