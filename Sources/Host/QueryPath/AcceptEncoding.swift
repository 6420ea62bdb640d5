/// What a client says of the codings it takes (RFC 9110, 12.5.3).
enum AcceptEncoding {
    /// Whether gzip is taken, and not less gladly than the body as it is.
    ///
    /// - Parameter value: All values of the header, joined by commas. What breaks the grammar counts as not said.
    static func takesGzip(_ value: String) -> Bool {
        var (gzip, identity, any): (Int?, Int?, Int?) = (nil, nil, nil)
        for item in value.utf8.split(separator: UInt8(ascii: ",")) {
            let parts = item.split(separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
            guard let weight = parts.count == 2 ? weight(trimmed(parts[1])) : 1_000 else { continue }
            let name = trimmed(parts[0])
            if isEqual(name, "gzip") || isEqual(name, "x-gzip") { gzip = weight }
            if isEqual(name, "identity") { identity = weight }
            if isEqual(name, "*") { any = weight }
        }
        let weight = gzip ?? any ?? 0
        return weight > 0 && weight >= identity ?? 0
    }

    /// Thousandths of `q=0.5`; `nil` for what is no weight.
    private static func weight(_ text: Substring.UTF8View) -> Int? {
        guard text.count <= 7, text.count >= 3, isEqual(text.prefix(2), "q=") else { return nil }
        let digits = text.dropFirst(2)
        guard let first = digits.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1") else { return nil }
        guard digits.count > 1 else { return first == UInt8(ascii: "1") ? 1_000 : 0 }
        let decimals = digits.dropFirst(2)
        guard digits.dropFirst().first == UInt8(ascii: "."),
            decimals.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        var thousandths = first == UInt8(ascii: "1") ? 1_000 : 0
        for (place, digit) in zip([100, 10, 1], decimals) { thousandths += place * Int(digit - UInt8(ascii: "0")) }
        return thousandths <= 1_000 ? thousandths : nil
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }

    /// - Parameter lowercase: Letters in lower case, and signs.
    private static func isEqual(_ text: Substring.UTF8View, _ lowercase: StaticString) -> Bool {
        let lowercase = UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount)
        guard text.count == lowercase.count else { return false }
        return zip(text, lowercase).allSatisfy { byte, wanted in
            byte == wanted || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(wanted) && byte | 0x20 == wanted
        }
    }
}
