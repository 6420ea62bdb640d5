/// Eight bytes of a text, looked at together.
struct EightBytes {
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

    /// Whether a string has one of the bytes behind a backslash: a quote, a backslash or a control character.
    @inline(__always)
    var hasEscaped: Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let below = (word &- ones &* 0x20) | (quotes &- ones) | (backslashes &- ones)
        // A borrow marks a byte too many only where one below is marked rightly. Bytes that are not ASCII are none of these.
        return below & ~word & (ones &* 0x80) != 0
    }
}

extension UnsafeRawBufferPointer {
    /// The eight bytes from a place on, the first one lowest.
    @inline(__always)
    func eightBytes(at place: Int) -> EightBytes {
        EightBytes(UInt64(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt64.self)))
    }

    /// Whether two stretches of bytes are the same, eight at a time; the last eight may overlap those before.
    @inline(__always)
    func hasSameBytes(at one: Int, and other: Int, count: Int) -> Bool {
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
