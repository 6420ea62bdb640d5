/// Limits of a document, so that no input can exhaust the stack or the heap.
public struct JSONLimits: Sendable {
    /// Arrays and objects inside each other.
    public var depthMax: Int
    /// Bytes of one string or number.
    public var textMax: Int

    public init(depthMax: Int = 32, textMax: Int = 65_536) {
        self.depthMax = depthMax
        self.textMax = textMax
    }
}

extension JSONValue {
    /// Parses one document; anything but white space after it is an error.
    public init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(bytes), limits: limits)
        self = try parser.document()
    }
}

/// Recursive descent over bytes; strict about everything RFC 8259 is strict about, and about repeated names.
struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var index = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        skipWhitespace()
        guard index < bytes.count else { throw failure("is empty") }
        let value = try value(depth: 0)
        skipWhitespace()
        guard index == bytes.count else { throw failure("has text after its end") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth <= limits.depthMax else { throw failure("is nested deeper than \(limits.depthMax) levels") }
        guard index < bytes.count else { throw failure("ends where a value should stand") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("has an unexpected character")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        index += 1
        var members: [JSONValue.Member] = []
        members.reserveCapacity(12)
        var names = MemberNames()
        skipWhitespace()
        if take("}") { return .object([]) }
        while true {
            skipWhitespace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw failure("lacks a member name") }
            let start = index
            let name = try string()
            guard names.add(name, after: members) else {
                index = start
                throw failure("has the member \"\(name)\" twice")
            }
            skipWhitespace()
            guard take(":") else { throw failure("lacks a colon after a member name") }
            skipWhitespace()
            members.append(.init(name: name, value: try value(depth: depth + 1)))
            skipWhitespace()
            if take("}") { return .object(members) }
            guard take(",") else { throw failure("lacks a comma or a closing brace") }
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        index += 1
        var elements: [JSONValue] = []
        skipWhitespace()
        if take("]") { return .array([]) }
        while true {
            skipWhitespace()
            elements.append(try value(depth: depth + 1))
            skipWhitespace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("lacks a comma or a closing bracket") }
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = index
        _ = take("-")
        let whole = digits()
        guard whole > 0 else { throw failure("has a number without digits") }
        if whole > 1, bytes[index - whole] == UInt8(ascii: "0") { throw failure("has a number with a leading zero") }
        if take("."), digits() == 0 { throw failure("has a number that ends with a point") }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw failure("has an exponent without digits") }
        }
        guard index - start <= limits.textMax else { throw failure("has a number longer than \(limits.textMax) bytes") }
        return .number(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func digits() -> Int {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        return index - start
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        let start = index + 1
        var end = start
        while end < bytes.count, JSONParser.isPlain(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\""), end - start <= limits.textMax else {
            return try escapedString()
        }
        index = end + 1
        guard let valid = String(validating: bytes[start..<end], as: UTF8.self) else {
            throw failure("is not valid UTF-8")
        }
        return valid
    }

    /// Whether a string may hold the byte as it is.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// A string with escapes, or with something wrong in it.
    private mutating func escapedString() throws(JSONSyntaxError) -> String {
        index += 1
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard let valid = String(validating: text, as: UTF8.self) else { throw failure("is not valid UTF-8") }
                return valid
            case UInt8(ascii: "\\"):
                index += 1
                text.append(contentsOf: try escape())
            case 0..<0x20:
                throw failure("has a control character inside a string")
            default:
                text.append(byte)
                index += 1
            }
            guard text.count <= limits.textMax else {
                throw failure("has a string longer than \(limits.textMax) bytes")
            }
        }
        throw failure("ends inside a string")
    }

    private mutating func escape() throws(JSONSyntaxError) -> [UInt8] {
        guard index < bytes.count else { throw failure("ends inside a string") }
        defer { index += 1 }
        switch bytes[index] {
        case UInt8(ascii: "\""): return [UInt8(ascii: "\"")]
        case UInt8(ascii: "\\"): return [UInt8(ascii: "\\")]
        case UInt8(ascii: "/"): return [UInt8(ascii: "/")]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("has an unknown escape")
        }
    }

    /// `index` stands on the `u` and is left on the last hexadecimal digit.
    private mutating func unicodeEscape() throws(JSONSyntaxError) -> [UInt8] {
        let first = try codeUnit()
        var units = [first]
        if UTF16.isLeadSurrogate(first) {
            guard index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "\\"), bytes[index + 2] == UInt8(ascii: "u")
            else { throw failure("has half a surrogate pair") }
            index += 2
            units.append(try codeUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw failure("has half a surrogate pair") }
        return Array(text.utf8)
    }

    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
        guard index + 4 < bytes.count else { throw failure("ends inside an escape") }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            index += 1
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, bytes[index] < 0x80 else {
                throw failure("has an escape that is not hexadecimal")
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let matches = text.withUTF8Buffer { bytes[index...].starts(with: $0) }
        guard matches else { throw failure("has an unexpected word") }
        index += text.utf8CodeUnitCount
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private func failure(_ detail: String) -> JSONSyntaxError {
        let before = bytes[..<min(index, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(detail: detail, line: line, column: before.endIndex - lineStart + 1)
    }
}

/// Tells repeated names of an object's members: by looking at all before, until there are too many for that.
private struct MemberNames {
    private static let lookedAtMax = 24
    private var seen: Set<[UInt8]> = []

    /// - Returns: Whether no member before has the name.
    mutating func add(_ name: String, after members: [JSONValue.Member]) -> Bool {
        if members.count < MemberNames.lookedAtMax {
            return !members.contains { $0.name.hasSameBytes(as: name) }
        }
        if members.count == MemberNames.lookedAtMax { seen = Set(members.map { Array($0.name.utf8) }) }
        return seen.insert(Array(name.utf8)).inserted
    }
}
