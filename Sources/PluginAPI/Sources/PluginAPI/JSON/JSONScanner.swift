/// Recursive descent over bytes; strict about everything RFC 8259 is strict about, and about repeated names.
///
/// Writes the entries of a ``JSONDocument`` one after another. The functions that take something are given the place where
/// it begins and answer the place behind it, which so stays in a register from one to the next.
struct JSONScanner {
    private var text: JSONText
    private var entries: EntryRoom
    /// Whether the scan has failed because there was no room for another entry, whatever error it threw.
    private(set) var isOutOfRoom = false
    private(set) var decoded: [UInt8] = []

    init(_ text: JSONText, into entries: EntryRoom) {
        self.text = text
        self.entries = entries
    }

    /// Ends the scan.
    ///
    /// - Returns: How many entries have been written, from the front of their room.
    func close() -> Int { entries.close() }

    /// The one document that the text is.
    mutating func document() throws(JSONSyntaxError) {
        try document(at: 0, after: nil)
    }

    /// The documents on the lines, as elements of one array.
    mutating func lines() throws(JSONSyntaxError) {
        let list = try begin(.array, at: 0)
        let close = text.end
        var lines = 0
        var last: Int?
        var at = 0
        while at < close {
            text.end = text.bytes[at..<close].firstIndex(of: 0x0A) ?? close
            if text.space(at) < text.end {
                let line = entries.count
                try document(at: at, after: last)
                last = line
                lines += 1
            }
            at = text.end + 1
        }
        entries.finish(list, start: 0, holding: lines)
    }

    /// - Parameter last: The document on the line before, where it is one of several.
    private mutating func document(at start: Int, after last: Int?) throws(JSONSyntaxError) {
        let first = text.space(start)
        guard first < text.end else { throw text.failure("is empty", at: first) }
        let close = text.space(try value(at: first, depth: 0, after: last))
        guard close == text.end else { throw text.failure("has text after its end", at: close) }
    }

    /// - Parameter last: The value before this one in its array; they tend to be alike.
    @inline(__always)
    private mutating func value(at start: Int, depth: Int, after last: Int? = nil) throws(JSONSyntaxError) -> Int {
        guard depth <= text.limits.depthMax else {
            throw text.failure("is nested deeper than \(text.limits.depthMax) levels", at: start)
        }
        guard start < text.end else { throw text.failure("ends where a value should stand", at: start) }
        switch text.bytes[start] {
        case UInt8(ascii: "\""):
            let string = try string(at: start)
            try append(string.entry)
            return string.end
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let close = try text.number(at: start)
            try append(JSONDocument.Entry(.number, at: start, count: close - start))
            return close
        case UInt8(ascii: "{"): return try object(at: start, depth: depth, after: last)
        case UInt8(ascii: "["): return try array(at: start, depth: depth)
        case UInt8(ascii: "t"): return try word("true", .boolean, count: 1, at: start)
        case UInt8(ascii: "f"): return try word("false", .boolean, at: start)
        case UInt8(ascii: "n"): return try word("null", .null, at: start)
        default: throw text.failure("has an unexpected character", at: start)
        }
    }

    @inline(__always)
    private mutating func string(at quote: Int) throws(JSONSyntaxError) -> (entry: JSONDocument.Entry, end: Int) {
        let start = quote + 1
        let plain = text.plain(at: start)
        guard text.has(UInt8(ascii: "\""), at: plain.end), plain.end - start <= text.limits.textMax else {
            return try escapedString(at: start)
        }
        guard plain.isASCII || String(validating: text.bytes[start..<plain.end], as: UTF8.self) != nil else {
            throw text.failure("is not valid UTF-8", at: plain.end + 1)
        }
        return (JSONDocument.Entry(.string, at: start, count: plain.end - start), plain.end + 1)
    }

    @inline(never)
    private mutating func escapedString(
        at start: Int
    ) throws(JSONSyntaxError) -> (entry: JSONDocument.Entry, end: Int) {
        let before = decoded.count
        let close = try text.escapedString(at: start, into: &decoded)
        return (JSONDocument.Entry(.string, at: before, count: decoded.count - before, isDecoded: true), close)
    }

    private mutating func word(
        _ word: StaticString, _ kind: JSONDocument.Kind, count: Int = 0, at start: Int
    ) throws(JSONSyntaxError) -> Int {
        let close = try text.word(word, at: start)
        try append(JSONDocument.Entry(kind, at: start, count: count))
        return close
    }

    // MARK: Objects

    private mutating func object(at start: Int, depth: Int, after last: Int?) throws(JSONSyntaxError) -> Int {
        let list = try begin(.object, at: start)
        var known = ObjectNames(following: last.map { entries.value($0) })
        var seen = MemberNames()
        var at = text.space(start + 1)
        if text.has(UInt8(ascii: "}"), at: at) {
            try finishObject(list, &known)
            return at + 1
        }
        while true {
            at = text.space(at)
            if let end = upcomingName(&known, at: at) {
                at = end
            } else {
                at = try newName(at: at, &known, &seen)
            }
            at = text.space(at)
            guard text.has(UInt8(ascii: ":"), at: at) else {
                throw text.failure("lacks a colon after a member name", at: at)
            }
            at = text.space(try value(at: text.space(at + 1), depth: depth + 1))
            if text.has(UInt8(ascii: "}"), at: at) {
                try finishObject(list, &known)
                return at + 1
            }
            guard text.has(UInt8(ascii: ","), at: at) else {
                throw text.failure("lacks a comma or a closing brace", at: at)
            }
            at += 1
        }
    }

    /// Passes the upcoming name if it stands here, quotes and all, byte for byte: it was well-formed where it stood before.
    @inline(__always)
    private func upcomingName(_ known: inout ObjectNames, at place: Int) -> Int? {
        guard let upcoming = known.upcoming else { return nil }
        let name = entries.name(upcoming)
        let length = Int(name.count) + 2
        guard !name.isDecoded, text.hasSame(as: Int(name.start) - 1, count: length, at: place) else { return nil }
        known.pass(name)
        return place + length
    }

    @inline(never)
    private mutating func newName(
        at start: Int, _ known: inout ObjectNames, _ seen: inout MemberNames
    ) throws(JSONSyntaxError) -> Int {
        guard text.has(UInt8(ascii: "\""), at: start) else { throw text.failure("lacks a member name", at: start) }
        if known.isFollowing { try leaveModel(&known, &seen) }
        let name = try string(at: start)
        guard isNew(name.entry, among: known, &seen) else {
            let text = withBytes(of: name.entry) { String(decoding: $0, as: UTF8.self) }
            throw self.text.failure("has the member \"\(text)\" twice", at: start)
        }
        try add(name.entry, to: &known)
        return name.end
    }

    /// Begins a list of the object's own with the names that it has had so far. They were not searched for repeats because
    /// the model's names differ from each other.
    private mutating func leaveModel(
        _ known: inout ObjectNames, _ seen: inout MemberNames
    ) throws(JSONSyntaxError) {
        let model = known
        known = ObjectNames()
        var number = model.first
        for _ in 0..<model.count {
            let name = entries.name(number)
            withBytes(of: name) { _ = seen.mayHave($0) }
            try add(name, to: &known)
            number = Int(name.next)
        }
    }

    private mutating func add(_ name: JSONDocument.Entry, to known: inout ObjectNames) throws(JSONSyntaxError) {
        try expectRoom()
        known.add(entries.append(name: name, behind: known.last))
    }

    private mutating func finishObject(_ list: Int, _ known: inout ObjectNames) throws(JSONSyntaxError) {
        if !known.isWhole {
            var seen = MemberNames()
            try leaveModel(&known, &seen)
        }
        entries.finish(list, start: known.first, holding: known.count)
    }

    /// Whether none of the object's names before is the same.
    private func isNew(_ name: JSONDocument.Entry, among known: ObjectNames, _ seen: inout MemberNames) -> Bool {
        withBytes(of: name) { text in
            guard known.count < MemberNames.lookedAtMax else {
                if seen.count < known.count {
                    eachName(of: known) { other in withBytes(of: other) { _ = seen.add($0) } }
                }
                return seen.add(text)
            }
            guard seen.mayHave(text) else { return true }
            var isNew = true
            eachName(of: known) { other in
                if other.count == name.count, withBytes(of: other, { $0.elementsEqual(text) }) { isNew = false }
            }
            return isNew
        }
    }

    private func eachName(of known: ObjectNames, _ body: (JSONDocument.Entry) -> Void) {
        var number = known.first
        for _ in 0..<known.count {
            let name = entries.name(number)
            body(name)
            number = Int(name.next)
        }
    }

    private func withBytes<Result>(
        of entry: JSONDocument.Entry, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let range = Int(entry.start)..<Int(entry.start) + Int(entry.count)
        guard entry.isDecoded else { return body(UnsafeBufferPointer(rebasing: text.bytes[range])) }
        return decoded.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    // MARK: Arrays

    private mutating func array(at start: Int, depth: Int) throws(JSONSyntaxError) -> Int {
        let list = try begin(.array, at: start)
        var elements = 0
        var last: Int?
        var at = text.space(start + 1)
        if text.has(UInt8(ascii: "]"), at: at) { return at + 1 }
        while true {
            let element = entries.count
            at = text.space(try value(at: text.space(at), depth: depth + 1, after: last))
            last = element
            elements += 1
            if text.has(UInt8(ascii: "]"), at: at) {
                entries.finish(list, start: start, holding: elements)
                return at + 1
            }
            guard text.has(UInt8(ascii: ","), at: at) else {
                throw text.failure("lacks a comma or a closing bracket", at: at)
            }
            at += 1
        }
    }

    // MARK: Entries

    private mutating func begin(_ kind: JSONDocument.Kind, at start: Int) throws(JSONSyntaxError) -> Int {
        try append(JSONDocument.Entry(kind, at: start))
        return entries.count - 1
    }

    @inline(__always)
    private mutating func append(_ entry: JSONDocument.Entry) throws(JSONSyntaxError) {
        try expectRoom()
        entries.append(entry)
    }

    @inline(__always)
    private mutating func expectRoom() throws(JSONSyntaxError) {
        guard !entries.isFull else { throw outOfRoom() }
    }

    private mutating func outOfRoom() -> JSONSyntaxError {
        isOutOfRoom = true
        return text.failure("has more values than there is room for", at: 0)
    }
}
