extension JSONText {
    /// A string with escapes, or with something wrong in it.
    ///
    /// - Parameters:
    ///   - start: Behind its opening quote.
    ///   - decoded: Gets what the string holds, behind what it has.
    func escapedString(at start: Int, into decoded: inout [UInt8]) throws(JSONSyntaxError) -> Int {
        let before = decoded.count
        var at = start
        while at < end {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                guard String(validating: decoded[before...], as: UTF8.self) != nil else {
                    throw failure("is not valid UTF-8", at: at + 1)
                }
                return at + 1
            case UInt8(ascii: "\\"):
                at = try escape(at: at + 1, into: &decoded)
            case 0..<0x20:
                throw failure("has a control character inside a string", at: at)
            default:
                decoded.append(bytes[at])
                at += 1
            }
            guard decoded.count - before <= limits.textMax else {
                throw failure("has a string longer than \(limits.textMax) bytes", at: at)
            }
        }
        throw failure("ends inside a string", at: at)
    }

    /// - Parameter start: Where the character behind the backslash stands.
    private func escape(at start: Int, into decoded: inout [UInt8]) throws(JSONSyntaxError) -> Int {
        guard start < end else { throw failure("ends inside a string", at: start) }
        switch bytes[start] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(bytes[start])
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"): return try unicodeEscape(at: start, into: &decoded)
        default: throw failure("has an unknown escape", at: start)
        }
        return start + 1
    }

    /// - Parameter start: Where the `u` stands.
    private func unicodeEscape(at start: Int, into decoded: inout [UInt8]) throws(JSONSyntaxError) -> Int {
        var units = [try codeUnit(at: start)]
        var last = start + 4
        if UTF16.isLeadSurrogate(units[0]) {
            guard has(UInt8(ascii: "\\"), at: last + 1), has(UInt8(ascii: "u"), at: last + 2) else {
                throw failure("has half a surrogate pair", at: last)
            }
            units.append(try codeUnit(at: last + 2))
            last += 6
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw failure("has half a surrogate pair", at: last)
        }
        decoded.append(contentsOf: text.utf8)
        return last + 1
    }

    /// - Parameter start: Where the `u` stands, behind which four hexadecimal digits must.
    private func codeUnit(at start: Int) throws(JSONSyntaxError) -> UInt16 {
        guard start + 4 < end else { throw failure("ends inside an escape", at: start) }
        var unit: UInt16 = 0
        for place in start + 1...start + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue, bytes[place] < 0x80 else {
                throw failure("has an escape that is not hexadecimal", at: place)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
