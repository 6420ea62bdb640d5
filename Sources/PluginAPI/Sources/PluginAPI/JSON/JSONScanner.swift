/// Recursive descent over bytes; strict about everything RFC 8259 is strict about, and about repeated names.
///
/// Writes the entries of a ``JSONDocument`` one after another. It reads and writes through pointers because its inner loops
/// look at every byte of every request: every byte read is behind a comparison of `index` with ``end``, every entry is
/// written behind one of ``count`` with the room there is, and no entry is read but those before ``count``.
struct JSONScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: JSONLimits
    private var index = 0
    /// Behind the last byte of the document, or of its line.
    private var end: Int
    /// Room for the document's entries, which the scanner does not make or free.
    private let entries: UnsafeMutableBufferPointer<JSONDocument.Entry>
    /// How many entries have been written.
    private(set) var count = 0
    /// Whether the scan has failed because there was no room for another entry, whatever error it threw.
    private(set) var isOutOfRoom = false
    private(set) var decoded: [UInt8] = []

    /// - Parameters:
    ///   - bytes: At most ``JSONDocument/bytesMax``; they outlive the scanner.
    ///   - entries: Uninitialised; outlives the scanner too.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>,
        into entries: UnsafeMutableBufferPointer<JSONDocument.Entry>,
        limits: JSONLimits
    ) {
        self.bytes = bytes
        self.entries = entries
        self.limits = limits
        end = bytes.count
    }

    /// - Parameter last: The document on the line before, where it is one of several.
    mutating func document(after last: Int? = nil) throws(JSONSyntaxError) {
        skipWhitespace()
        guard index < end else { throw failure("is empty") }
        try value(depth: 0, after: last)
        skipWhitespace()
        guard index == end else { throw failure("has text after its end") }
    }

    /// The documents on the lines, as elements of one array.
    mutating func lines() throws(JSONSyntaxError) {
        let list = try begin(.array)
        var lines = 0
        var last: Int?
        index = 0
        while index < bytes.count {
            end = bytes[index...].firstIndex(of: 0x0A) ?? bytes.count
            skipWhitespace()
            if index < end {
                let line = count
                try document(after: last)
                last = line
                lines += 1
            }
            index = end + 1
        }
        finish(list, holding: lines)
    }

    /// - Parameter last: The value before this one in its array; they tend to be alike.
    private mutating func value(depth: Int, after last: Int? = nil) throws(JSONSyntaxError) {
        guard depth <= limits.depthMax else { throw failure("is nested deeper than \(limits.depthMax) levels") }
        guard index < end else { throw failure("ends where a value should stand") }
        switch bytes[index] {
        case UInt8(ascii: "{"): try object(depth: depth, after: last)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true", .boolean, count: 1)
        case UInt8(ascii: "f"): try word("false", .boolean)
        case UInt8(ascii: "n"): try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw failure("has an unexpected character")
        }
    }

    // MARK: Lists

    private mutating func object(depth: Int, after last: Int?) throws(JSONSyntaxError) {
        let list = try begin(.object)
        var model = ModelObject(last, in: entries)
        var names = MemberNames()
        var members = 0
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return finishObject(list, members: 0, model) }
        while true {
            skipWhitespace()
            guard index < end, bytes[index] == UInt8(ascii: "\"") else { throw failure("lacks a member name") }
            let name = count
            if try takeName(equalTo: model.upcomingName) {
                // The model's names differ from each other, and so far these are the same.
                model.pass(in: entries)
            } else {
                if model.isFollowed { eachName(in: list, before: name) { _ = names.mayHave($0) } }
                model.leave()
                try newName(in: list, after: members, &names)
            }
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw failure("lacks a colon after a member name") }
            skipWhitespace()
            try value(depth: depth + 1)
            // Behind a name and one entry is where it says already.
            if count > name + 2 { entries[name].next = UInt32(truncatingIfNeeded: count) }
            members += 1
            skipWhitespace()
            if take(UInt8(ascii: "}")) { return finishObject(list, members: members, model) }
            guard take(UInt8(ascii: ",")) else { throw failure("lacks a comma or a closing brace") }
        }
    }

    /// Takes a member's name if it is, byte for byte, one that has been read, which was well-formed.
    private mutating func takeName(equalTo other: Int?) throws(JSONSyntaxError) -> Bool {
        guard let other, !entries[other].isDecoded else { return false }
        let (start, length) = (Int(entries[other].start), Int(entries[other].count))
        let close = index + 1 + length
        guard close < end, bytes[close] == UInt8(ascii: "\""),
            UnsafeRawBufferPointer(bytes).hasSameBytes(at: start, and: index + 1, count: length)
        else { return false }
        try append(.string, at: index + 1, count: length, taken: 2)
        index = close + 1
        return true
    }

    private mutating func newName(
        in list: Int, after members: Int, _ names: inout MemberNames
    ) throws(JSONSyntaxError) {
        let start = index
        let name = count
        try string(entries: 2)
        guard isNew(name, in: list, after: members, &names) else {
            index = start
            let text = withText(of: name) { String(decoding: $0, as: UTF8.self) }
            throw failure("has the member \"\(text)\" twice")
        }
    }

    /// An object is of its model's layout if it has the same names, and both have values of one entry each.
    private mutating func finishObject(_ list: Int, members: Int, _ model: ModelObject) {
        finish(list, holding: members)
        let isFlat = count == list + 1 + 2 * members
        entries[list].start = isFlat && model.isWhole ? model.layout : UInt32(truncatingIfNeeded: list)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) {
        let list = try begin(.array)
        var elements = 0
        var last: Int?
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return }
        while true {
            skipWhitespace()
            let element = count
            try value(depth: depth + 1, after: last)
            last = element
            elements += 1
            skipWhitespace()
            if take(UInt8(ascii: "]")) { return finish(list, holding: elements) }
            guard take(UInt8(ascii: ",")) else { throw failure("lacks a comma or a closing bracket") }
        }
    }

    private mutating func begin(_ kind: JSONDocument.Kind) throws(JSONSyntaxError) -> Int {
        try append(kind, at: index, count: 0)
        index += 1
        return count - 1
    }

    private mutating func finish(_ list: Int, holding values: Int) {
        entries[list].count = UInt32(truncatingIfNeeded: values)
        entries[list].next = UInt32(truncatingIfNeeded: count)
    }

    /// - Parameter taken: Entries from this one to the next of its list, where that is known already.
    private mutating func append(
        _ kind: JSONDocument.Kind, at start: Int, count length: Int, isDecoded: Bool = false, taken: Int = 1
    ) throws(JSONSyntaxError) {
        guard count < entries.count else {
            isOutOfRoom = true
            throw failure("has more than \(entries.count) values")
        }
        entries.initializeElement(
            at: count,
            to: JSONDocument.Entry(
                kind: kind, isDecoded: isDecoded, start: UInt32(truncatingIfNeeded: start),
                count: UInt32(truncatingIfNeeded: length), next: UInt32(truncatingIfNeeded: count + taken)))
        count += 1
    }

    /// Whether none of the members before, of which there are so many, has the name.
    private func isNew(_ name: Int, in list: Int, after members: Int, _ names: inout MemberNames) -> Bool {
        withText(of: name) { text in
            guard members < MemberNames.lookedAtMax else {
                if names.count < members { eachName(in: list, before: name) { _ = names.add($0) } }
                return names.add(text)
            }
            guard names.mayHave(text) else { return true }
            var other = list + 1
            while other < name {
                if entries[other].count == text.count, withText(of: other, { $0.elementsEqual(text) }) { return false }
                other = Int(entries[other].next)
            }
            return true
        }
    }

    private func eachName(in list: Int, before last: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var name = list + 1
        while name < last {
            withText(of: name, body)
            name = Int(entries[name].next)
        }
    }

    private func withText<Result>(of value: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let entry = entries[value]
        let range = Int(entry.start)..<Int(entry.start) + Int(entry.count)
        guard entry.isDecoded else { return body(UnsafeBufferPointer(rebasing: bytes[range])) }
        return decoded.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    // MARK: Numbers and words

    private mutating func number() throws(JSONSyntaxError) {
        let start = index
        _ = take(UInt8(ascii: "-"))
        let whole = digits()
        guard whole > 0 else { throw failure("has a number without digits") }
        if whole > 1, bytes[index - whole] == UInt8(ascii: "0") { throw failure("has a number with a leading zero") }
        if take(UInt8(ascii: ".")), digits() == 0 { throw failure("has a number that ends with a point") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw failure("has an exponent without digits") }
        }
        guard index - start <= limits.textMax else { throw failure("has a number longer than \(limits.textMax) bytes") }
        try append(.number, at: start, count: index - start)
    }

    private mutating func digits() -> Int {
        var at = index
        while at < end, bytes[at] &- UInt8(ascii: "0") < 10 { at += 1 }
        defer { index = at }
        return at - index
    }

    private mutating func word(
        _ text: StaticString, _ kind: JSONDocument.Kind, count: Int = 0
    ) throws(JSONSyntaxError) {
        let matches = text.withUTF8Buffer { bytes[index..<end].starts(with: $0) }
        guard matches else { throw failure("has an unexpected word") }
        try append(kind, at: index, count: count)
        index += text.utf8CodeUnitCount
    }

    // MARK: Strings

    /// - Parameter taken: Entries to the next of the list: 2 for a member's name.
    private mutating func string(entries taken: Int = 1) throws(JSONSyntaxError) {
        let start = index + 1
        let plain = plainText(from: start)
        guard plain.end < end, bytes[plain.end] == UInt8(ascii: "\""), plain.end - start <= limits.textMax else {
            return try escapedString(entries: taken)
        }
        index = plain.end + 1
        guard plain.isASCII || String(validating: bytes[start..<plain.end], as: UTF8.self) != nil else {
            throw failure("is not valid UTF-8")
        }
        try append(.string, at: start, count: plain.end - start, taken: taken)
    }

    /// Where the bytes end that a string may hold as they are: on a quote, a backslash, a control character or the end.
    private func plainText(from start: Int) -> (end: Int, isASCII: Bool) {
        var at = start
        let raw = UnsafeRawBufferPointer(bytes)
        while at + 8 <= end {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let marks = EightBytes(word).notPlain
            guard marks == 0 else {
                at += marks.trailingZeroBitCount >> 3
                break
            }
            at += 8
        }
        var isASCII = true
        while at < end, bytes[at] >= 0x20, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") {
            if bytes[at] >= 0x80 { isASCII = false }
            at += 1
        }
        return (at, isASCII)
    }

    /// A string with escapes, or with something wrong in it.
    private mutating func escapedString(entries taken: Int) throws(JSONSyntaxError) {
        index += 1
        let start = decoded.count
        while index < end {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard String(validating: decoded[start...], as: UTF8.self) != nil else {
                    throw failure("is not valid UTF-8")
                }
                return try append(.string, at: start, count: decoded.count - start, isDecoded: true, taken: taken)
            case UInt8(ascii: "\\"):
                index += 1
                try escape()
            case 0..<0x20:
                throw failure("has a control character inside a string")
            default:
                decoded.append(byte)
                index += 1
            }
            guard decoded.count - start <= limits.textMax else {
                throw failure("has a string longer than \(limits.textMax) bytes")
            }
        }
        throw failure("ends inside a string")
    }

    private mutating func escape() throws(JSONSyntaxError) {
        guard index < end else { throw failure("ends inside a string") }
        switch bytes[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(bytes[index])
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape()
        default: throw failure("has an unknown escape")
        }
        index += 1
    }

    /// `index` stands on the `u` and is left on the last hexadecimal digit.
    private mutating func unicodeEscape() throws(JSONSyntaxError) {
        let first = try codeUnit()
        var units = [first]
        if UTF16.isLeadSurrogate(first) {
            guard index + 2 < end, bytes[index + 1] == UInt8(ascii: "\\"), bytes[index + 2] == UInt8(ascii: "u")
            else { throw failure("has half a surrogate pair") }
            index += 2
            units.append(try codeUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw failure("has half a surrogate pair") }
        decoded.append(contentsOf: text.utf8)
    }

    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
        guard index + 4 < end else { throw failure("ends inside an escape") }
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

    // MARK: Bytes

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < end, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipWhitespace() {
        while index < end, bytes[index] <= 0x20 {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private func failure(_ detail: String) -> JSONSyntaxError {
        let before = bytes[..<min(index, end)]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(detail: detail, line: line, column: before.endIndex - lineStart + 1)
    }
}

/// Eight bytes of a text, looked at together.
private struct EightBytes {
    private let word: UInt64

    init(_ word: UInt64) {
        self.word = word
    }

    /// The top bit of each byte that is no plain ASCII of a string: a quote, a backslash, a control character, or not ASCII.
    /// Only the lowest mark is sure to be one; a borrow of it may have made those above.
    var notPlain: UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let below = (word &- ones &* 0x20) | (quotes &- ones) | (backslashes &- ones)
        return (below | word) & (ones &* 0x80)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether two stretches of bytes are the same, eight at a time; the last eight may overlap those before.
    @inline(__always)
    fileprivate func hasSameBytes(at one: Int, and other: Int, count: Int) -> Bool {
        guard count >= 8 else {
            for offset in 0..<count where self[one + offset] != self[other + offset] { return false }
            return true
        }
        var offset = 0
        while offset < count {
            offset = Swift.min(offset, count - 8)
            guard
                loadUnaligned(fromByteOffset: one + offset, as: UInt64.self)
                    == loadUnaligned(fromByteOffset: other + offset, as: UInt64.self)
            else { return false }
            offset += 8
        }
        return true
    }
}
