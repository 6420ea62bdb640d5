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
///
/// It looks at memory that somebody else holds: ``read(_:_:)`` lends it for as long as that stands.
struct ByteFormReader {
    /// What was not read yet.
    private var rest: UnsafeRawBufferPointer

    static func read<Value>(_ bytes: ArraySlice<UInt8>, _ body: (inout ByteFormReader) -> Value?) -> Value? {
        bytes.withUnsafeBytes { bytes in
            var reader = ByteFormReader(rest: bytes)
            return body(&reader)
        }
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        take(MemoryLayout<Number>.size).map { Number(bigEndian: $0.loadUnaligned(as: Number.self)) }
    }

    mutating func text() -> String? {
        number(UInt32.self).flatMap { take(Int($0)) }.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Whether the next text is this one, byte for byte; it is passed then, and only then is the rest of any use.
    mutating func hasText(_ text: String) -> Bool {
        guard let length = number(UInt32.self), let bytes = take(Int(length)) else { return false }
        var text = text
        return text.withUTF8 { $0.count == bytes.count && bytes.elementsEqual($0) }
    }

    /// As many values as the number before them says, at most `max`.
    mutating func list<Value>(max: Int, _ read: (inout ByteFormReader) -> Value?) -> [Value]? {
        guard let count = number(UInt32.self), count <= max else { return nil }
        var values: [Value] = []
        values.reserveCapacity(min(Int(count), rest.count))
        for _ in 0..<count {
            guard let value = read(&self) else { return nil }
            values.append(value)
        }
        return values
    }

    mutating func remainder() -> [UInt8] {
        defer { rest = UnsafeRawBufferPointer(start: nil, count: 0) }
        return Array(rest)
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard rest.count >= count else { return nil }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }
}
