/// A hash of texts and numbers by multiplication, with a key that each process draws anew, so that chosen texts cannot be
/// made to collide. No result depends on it.
package enum KeyedHash {
    private static let keys = (UInt64.random(in: .min ... .max) | 1, UInt64.random(in: .min ... .max) | 1)

    package static func hash(_ text: NamedTickets.Text) -> UInt64 {
        let keys = keys
        var state = keys.0 ^ UInt64(truncatingIfNeeded: text.count)
        let bytes = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text))
        var offset = 0
        while offset + 8 <= bytes.count {
            state = mix(state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), keys.1)
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return mix(mix(state ^ rest, keys.1), keys.0)
    }

    package static func short(_ text: NamedTickets.Text) -> UInt32 { UInt32(truncatingIfNeeded: hash(text)) }

    package static func hash(_ number: Int64) -> UInt64 {
        let keys = keys
        return mix(mix(keys.0 ^ UInt64(bitPattern: number), keys.1), keys.0)
    }

    package static func hash(_ first: Int64, _ second: Int64) -> UInt64 {
        hash(Int64(bitPattern: hash(first)) ^ second)
    }

    /// Both halves of the product, folded.
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high ^ low
    }
}
