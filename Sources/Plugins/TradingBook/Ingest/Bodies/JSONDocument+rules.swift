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
            let width = range.upperBound - range.lowerBound
            for index in text.indices where text[index] &- range.lowerBound > width { return false }
            return true
        }
    }

    /// A number, or one in a string.
    func decimal(_ value: Index) throws(MemberProblem) -> FixedDecimal {
        guard kind(of: value) == .number || kind(of: value) == .string else {
            throw MemberProblem("must be a number or a string with one, not \(kind(of: value).name)")
        }
        // An error of another module costs room of a size that is not known here, so it is left to numbers that need it.
        if let plain = withText(of: value, { FixedDecimal(plain: $0) }) { return plain }
        return try carefulDecimal(value)
    }

    @inline(never)
    private func carefulDecimal(_ value: Index) throws(MemberProblem) -> FixedDecimal {
        do throws(DecimalError) {
            return try withText(of: value) { (text) throws(DecimalError) in try FixedDecimal(parsing: text) }
        } catch {
            throw MemberProblem(error.detail)
        }
    }

    /// The whole number that a text is; `nil` when it is none of 64 bits.
    func integer(_ value: Index) -> Int64? {
        digits(value) ?? Int64(text(of: value))
    }

    /// The number that a text of 1 to 18 digits is, which fits whatever they are; `nil` for a longer one and for others.
    func digits(_ value: Index) -> Int64? {
        withText(of: value) { text in
            guard !text.isEmpty, text.count <= 18 else { return nil }
            var number: Int64 = 0
            for index in text.indices {
                let digit = text[index] &- 0x30
                guard digit < 10 else { return nil }
                number = number &* 10 &+ Int64(digit)
            }
            return number
        }
    }
}
