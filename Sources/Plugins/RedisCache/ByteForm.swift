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
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        guard let range = take(MemoryLayout<Number>.size) else { return nil }
        return bytes.withUnsafeBytes {
            Number(bigEndian: $0.loadUnaligned(fromByteOffset: range.lowerBound, as: Number.self))
        }
    }

    mutating func text() -> String? {
        number(UInt32.self).flatMap { take(Int($0)) }.flatMap { String(validating: bytes[$0], as: UTF8.self) }
    }

    /// Whether the next text is this one, byte for byte; it is passed then, and only then is the rest of any use.
    mutating func hasText(_ text: String) -> Bool {
        guard let length = number(UInt32.self), let range = take(Int(length)) else { return false }
        var text = text
        return text.withUTF8 { text in
            bytes.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[range]).elementsEqual(text) }
        }
    }

    /// As many values as the number before them says, at most `max`.
    mutating func list<Value>(max: Int, _ read: (inout ByteFormReader) -> Value?) -> [Value]? {
        guard let count = number(UInt32.self), count <= max else { return nil }
        var values: [Value] = []
        values.reserveCapacity(min(Int(count), bytes.count - index))
        for _ in 0..<count {
            guard let value = read(&self) else { return nil }
            values.append(value)
        }
        return values
    }

    mutating func remainder() -> [UInt8] {
        defer { index = bytes.count }
        return Array(bytes[index...])
    }

    private mutating func take(_ count: Int) -> Range<Int>? {
        guard bytes.count - index >= count else { return nil }
        defer { index += count }
        return index..<index + count
    }
}
