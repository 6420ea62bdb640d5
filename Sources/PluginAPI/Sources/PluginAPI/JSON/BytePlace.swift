/// Where bytes are put one behind the other, in room that was made for them before.
///
/// Words are stored whole and may reach beyond what counts of them, so that there is always room for ``slack`` bytes more.
struct BytePlace {
    /// How far a store may reach beyond the bytes that count.
    static let slack = 8

    private(set) var next: UnsafeMutableRawPointer

    /// - Parameter next: Where the first byte goes.
    @inline(__always)
    init(_ next: UnsafeMutableRawPointer) {
        self.next = next
    }

    @inline(__always)
    mutating func put(_ character: Unicode.Scalar) {
        put(byte: UInt8(ascii: character))
    }

    @inline(__always)
    mutating func put(byte: UInt8) {
        next.storeBytes(of: byte, as: UInt8.self)
        next += 1
    }

    /// The first `count` bytes of a word, the first one lowest.
    @inline(__always)
    mutating func put(word: UInt64, count: Int) {
        next.storeBytes(of: word.littleEndian, as: UInt64.self)
        next += count
    }

    /// A whole number's digits, without leading zeros.
    @inline(__always)
    mutating func put(number: UInt64) {
        if number < EightDigits.limit { put(below: UInt32(truncatingIfNeeded: number)) } else { put(long: number) }
    }

    @inline(__always)
    private mutating func put(below number: UInt32) {
        let digits = EightDigits(number)
        let skipped = min(digits.leadingZeros, 7)
        put(word: digits.text >> (8 * UInt64(skipped)), count: 8 - skipped)
    }

    @inline(never)
    private mutating func put(long number: UInt64) {
        let (head, tail) = number.quotientAndRemainder(dividingBy: EightDigits.limit)
        put(number: head)
        put(word: EightDigits(UInt32(truncatingIfNeeded: tail)).text, count: 8)
    }

    /// A string's bytes, unless one of them must be escaped; nothing counts of them then.
    @inline(__always)
    mutating func put(plain text: UnsafeRawBufferPointer) -> Bool {
        let count = text.count
        if count >= 8 {
            var offset = 0
            while offset < count {
                // The last eight may overlap those before.
                offset = min(offset, count - 8)
                let word = text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                guard !EightBytes(word).hasEscaped else { return false }
                next.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
                offset += 8
            }
        } else {
            for offset in 0..<count {
                guard !text[offset].isEscapedInJSON else { return false }
                next.storeBytes(of: text[offset], toByteOffset: offset, as: UInt8.self)
            }
        }
        next += count
        return true
    }
}

extension UInt8 {
    /// Whether a JSON string has it behind a backslash.
    @inline(__always)
    var isEscapedInJSON: Bool { self < 0x20 || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\") }
}

extension [UInt8] {
    /// Makes room for so many bytes more once, and has them written.
    @inline(__always)
    mutating func append(atMost room: Int, _ write: (inout BytePlace) -> Void) {
        append(addingCapacity: room + BytePlace.slack) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let start = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
                var place = BytePlace(start)
                write(&place)
                count = place.next - start
            }
        }
    }
}
