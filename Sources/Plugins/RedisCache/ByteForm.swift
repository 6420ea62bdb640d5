/// Writes the parts of a record one after the other: integers in network order, texts with their length before them.
struct ByteFormWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ text: String) {
        write(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(rest: [UInt8]) { bytes.append(contentsOf: rest) }
}

/// Reads what ``ByteFormWriter`` wrote; `nil` wherever the bytes are not of that form.
struct ByteFormReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        guard let part = take(Number.bitWidth / 8) else { return nil }
        return part.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    mutating func text() -> String? {
        number(UInt32.self).flatMap { take(Int($0)) }.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// As many values as the number before them says, at most `max`.
    mutating func list<Value>(max: Int, _ read: (inout ByteFormReader) -> Value?) -> [Value]? {
        guard let count = number(UInt32.self), count <= max else { return nil }
        var values: [Value] = []
        for _ in 0..<count {
            guard let value = read(&self) else { return nil }
            values.append(value)
        }
        return values
    }

    mutating func remainder() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
