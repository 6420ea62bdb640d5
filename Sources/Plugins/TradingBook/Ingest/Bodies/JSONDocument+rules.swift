import PluginAPI

/// What several rules ask of a value.
extension JSONDocument {
    func requireString(_ value: Index) throws(MemberProblem) {
        guard kind(of: value) == .string else {
            throw MemberProblem("must be a string, not \(kind(of: value).name)")
        }
    }

    /// Whether a text has 1 to `bytesMax` bytes, all in the range.
    func isText(_ value: Index, of range: ClosedRange<UInt8>, bytesMax: Int = .max) -> Bool {
        withText(of: value) { text in
            guard !text.isEmpty, text.count <= bytesMax else { return false }
            for index in text.indices where !range.contains(text[index]) { return false }
            return true
        }
    }

    /// A number, or one in a string.
    func decimal(_ value: Index) throws(MemberProblem) -> FixedDecimal {
        guard kind(of: value) == .number || kind(of: value) == .string else {
            throw MemberProblem("must be a number or a string with one, not \(kind(of: value).name)")
        }
        do throws(DecimalError) {
            return try withText(of: value) { (text) throws(DecimalError) in try FixedDecimal(parsing: text) }
        } catch {
            throw MemberProblem(error.detail)
        }
    }

    /// The whole number that a text is; `nil` when it is none of 64 bits.
    func integer(_ value: Index) -> Int64? {
        // Up to 18 digits fit whatever they are; longer ones and signs are for the careful way.
        guard count(of: value) <= 18, isText(value, of: 0x30...0x39) else { return Int64(text(of: value)) }
        return withText(of: value) { text in
            var number: Int64 = 0
            for index in text.indices { number = number * 10 + Int64(text[index] - 0x30) }
            return number
        }
    }
}
