import PluginAPI

extension [UInt8] {
    /// A kind byte and the value in as few bytes as it needs.
    mutating func appendCursorValue(_ value: Value) {
        switch value {
        case .null: append(0)
        case .boolean(false): append(1)
        case .boolean(true): append(2)
        case .integer(let number):
            append(3)
            appendSigned(Int128(number))
        case .decimal(let number):
            self += [4, number.scale]
            appendSigned(number.units)
        case .text(let text):
            append(5)
            appendCursorBytes(Array(text.utf8))
        case .timestamp(let time):
            append(6)
            appendSigned(Int128(time.microseconds))
        case .json(let text):
            append(7)
            appendCursorBytes(Array(text.utf8))
        }
    }

    mutating func appendCursorBytes(_ bytes: [UInt8]) {
        appendUnsigned(UInt128(bytes.count))
        self += bytes
    }

    /// Small magnitudes of either sign take few bytes.
    private mutating func appendSigned(_ number: Int128) {
        appendUnsigned(UInt128(bitPattern: (number << 1) ^ (number >> 127)))
    }

    /// Seven bits a byte, the lowest first; all but the last have the top bit set.
    private mutating func appendUnsigned(_ number: UInt128) {
        var rest = number
        while rest > 0x7F {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Reads what the appending half writes; `nil` at the first byte that it would not have written.
struct CursorReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func bytes() -> [UInt8]? {
        unsigned().flatMap { Int(exactly: $0) }.flatMap { take($0) }
    }

    /// All values up to the end.
    mutating func remainingValues() -> [Value]? {
        var values: [Value] = []
        while !rest.isEmpty {
            guard let value = value() else { return nil }
            values.append(value)
        }
        return values
    }

    private mutating func value() -> Value? {
        switch byte() {
        case 0: .null
        case 1: .boolean(false)
        case 2: .boolean(true)
        case 3: signed().flatMap { Int64(exactly: $0) }.map { .integer($0) }
        case 4: decimal()
        case 5: text().map { .text($0) }
        case 6: signed().flatMap { Int64(exactly: $0) }.map { .timestamp(Timestamp(microseconds: $0)) }
        case 7: text().map { .json($0) }
        default: nil
        }
    }

    private mutating func decimal() -> Value? {
        guard let scale = byte(), scale <= 36, let units = signed() else { return nil }
        return .decimal(FixedDecimal(units: units, scale: Int(scale)))
    }

    private mutating func text() -> String? { bytes().flatMap { String(validating: $0, as: UTF8.self) } }

    private mutating func signed() -> Int128? {
        unsigned().map { Int128(bitPattern: ($0 >> 1) ^ (0 &- ($0 & 1))) }
    }

    private mutating func unsigned() -> UInt128? {
        var number: UInt128 = 0
        var shift: UInt128 = 0
        while let next = byte(), shift < 128 {
            number |= UInt128(next & 0x7F) << shift
            if next & 0x80 == 0 { return number }
            shift += 7
        }
        return nil
    }
}
