/// The bytes of a document, or of a line of it, and what stands at a place of them.
///
/// It reads through a pointer because it looks at every byte of every request; each byte read is behind a comparison of its
/// place with ``end``. Functions that take something are given the place where it begins and answer the place behind it.
struct JSONText {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    /// Behind the last byte.
    var end: Int

    /// - Parameter bytes: At most ``JSONDocument/bytesMax``; they outlive the text.
    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
        end = bytes.count
    }

    @inline(__always)
    func has(_ byte: UInt8, at place: Int) -> Bool { place < end && bytes[place] == byte }

    /// Whether bytes that have been read stand here again.
    @inline(__always)
    func hasSame(as other: Int, count: Int, at place: Int) -> Bool {
        guard count <= end - place else { return false }
        return UnsafeRawBufferPointer(bytes).hasSameBytes(at: other, and: place, count: count)
    }

    /// Behind the white space that begins here, if there is any.
    @inline(__always)
    func space(_ start: Int) -> Int {
        var at = start
        while at < end, bytes[at] <= 0x20 {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return at
            }
        }
        return at
    }

    // MARK: Numbers and words

    @inline(__always)
    func number(at start: Int) throws(JSONSyntaxError) -> Int {
        let whole = has(UInt8(ascii: "-"), at: start) ? start + 1 : start
        var at = digits(at: whole)
        guard at > whole else { throw failure("has a number without digits", at: at) }
        if at > whole + 1, bytes[whole] == UInt8(ascii: "0") {
            throw failure("has a number with a leading zero", at: at)
        }
        if has(UInt8(ascii: "."), at: at) {
            let point = at
            at = digits(at: point + 1)
            guard at > point + 1 else { throw failure("has a number that ends with a point", at: at) }
        }
        if at < end, bytes[at] | 0x20 == UInt8(ascii: "e") { at = try exponent(at: at) }
        guard at - start <= limits.textMax else {
            throw failure("has a number longer than \(limits.textMax) bytes", at: at)
        }
        return at
    }

    private func exponent(at start: Int) throws(JSONSyntaxError) -> Int {
        let isSigned = has(UInt8(ascii: "+"), at: start + 1) || has(UInt8(ascii: "-"), at: start + 1)
        let first = start + (isSigned ? 2 : 1)
        let close = digits(at: first)
        guard close > first else { throw failure("has an exponent without digits", at: close) }
        return close
    }

    @inline(__always)
    private func digits(at start: Int) -> Int {
        var at = start
        while at < end, bytes[at] &- UInt8(ascii: "0") < 10 { at += 1 }
        return at
    }

    func word(_ word: StaticString, at start: Int) throws(JSONSyntaxError) -> Int {
        let matches = word.withUTF8Buffer { bytes[start..<end].starts(with: $0) }
        guard matches else { throw failure("has an unexpected word", at: start) }
        return start + word.utf8CodeUnitCount
    }

    // MARK: Strings

    /// Behind the bytes that a string may hold as they are: on a quote, a backslash, a control character or the end.
    @inline(__always)
    func plain(at start: Int) -> (end: Int, isASCII: Bool) {
        var at = start
        while at + 8 <= end {
            let marks = UnsafeRawBufferPointer(bytes).eightBytes(at: at).notPlain
            guard marks == 0 else {
                at += marks.trailingZeroBitCount >> 3
                break
            }
            at += 8
        }
        return has(UInt8(ascii: "\""), at: at) ? (at, true) : plainByBytes(at: at)
    }

    private func plainByBytes(at start: Int) -> (end: Int, isASCII: Bool) {
        var at = start
        var isASCII = true
        while at < end, bytes[at] >= 0x20, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") {
            if bytes[at] >= 0x80 { isASCII = false }
            at += 1
        }
        return (at, isASCII)
    }

    // MARK: Failures

    @inline(never)
    func failure(_ detail: String, at place: Int) -> JSONSyntaxError {
        let before = bytes[..<min(place, end)]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(detail: detail, line: line, column: before.endIndex - lineStart + 1)
    }
}
