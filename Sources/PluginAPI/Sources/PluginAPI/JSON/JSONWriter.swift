/// Writes JSON (RFC 8259) straight into bytes, in the order it is told.
///
/// It places commas itself. Keys are written once each by the caller; decimals go out with exactly their digits.
///
/// ```swift
/// var json = JSONWriter()
/// json.object {
///     $0.field("symbol", "XAUUSD")
///     $0.field("price", price, digits: 2)
/// }
/// ```
@frozen
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// A writer that has written nothing.
    public init(reservingCapacity capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// What was written, as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Structure

    /// Writes an object around the members that the closure writes.
    public mutating func object<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) {
        open(UInt8(ascii: "{"))
        try members(&self)
        close(UInt8(ascii: "}"))
    }

    /// Writes an array around the elements that the closure writes.
    public mutating func array<E: Error>(_ elements: (inout JSONWriter) throws(E) -> Void) throws(E) {
        open(UInt8(ascii: "["))
        try elements(&self)
        close(UInt8(ascii: "]"))
    }

    /// Writes an array with an element for each of a sequence.
    public mutating func array<S: Sequence, E: Error>(
        of elements: S,
        _ write: (inout JSONWriter, S.Element) throws(E) -> Void
    ) throws(E) {
        open(UInt8(ascii: "["))
        for element in elements { try write(&self, element) }
        close(UInt8(ascii: "]"))
    }

    /// The key of the value written next.
    public mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Values

    /// Writes `null`.
    public mutating func null() { token("null") }
    /// Writes `true` or `false`.
    public mutating func boolean(_ value: Bool) { token(value ? "true" : "false") }

    /// Writes a whole number.
    public mutating func integer(_ value: Int64) {
        separate()
        FixedDecimal(units: Int128(value), scale: 0).append(to: &bytes, digitsMin: 0)
        needsComma = true
    }

    /// A number with at least `digits` decimals, more when its value needs them.
    public mutating func decimal(_ value: FixedDecimal, digits: Int = 0) {
        separate()
        value.append(to: &bytes, digitsMin: digits)
        needsComma = true
    }

    /// Writes text between quotes, escaped where JSON needs it.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
        needsComma = true
    }

    /// Writes a time as ISO 8601 in UTC, between quotes.
    public mutating func timestamp(_ value: Timestamp) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.append(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A value that is already JSON; the caller vouches for it.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// A storage value by its own kind.
    public mutating func value(_ value: Value, digits: Int = 0) {
        switch value {
        case .null: null()
        case .boolean(let flag): boolean(flag)
        case .integer(let number): integer(number)
        case .decimal(let number): decimal(number, digits: digits)
        case .text(let text): string(text)
        case .timestamp(let time): timestamp(time)
        case .json(let json): raw(json.utf8)
        }
    }

    // MARK: Fields: a key and its value in one call; `nil` is written as null

    /// A member with text, or `null`.
    public mutating func field(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    /// A member with a whole number, or `null`.
    public mutating func field(_ name: String, _ value: Int64?) {
        key(name)
        if let value { integer(value) } else { null() }
    }

    /// A member with a whole number.
    public mutating func field(_ name: String, _ value: Int) { field(name, Int64(value)) }

    /// A member that is `true` or `false`.
    public mutating func field(_ name: String, _ value: Bool) {
        key(name)
        boolean(value)
    }

    /// A member with a decimal, or `null`; with at least as many decimals as `digits` says.
    public mutating func field(_ name: String, _ value: FixedDecimal?, digits: Int = 0) {
        key(name)
        if let value { decimal(value, digits: digits) } else { null() }
    }

    /// A member with a time, or `null`.
    public mutating func field(_ name: String, _ value: Timestamp?) {
        key(name)
        if let value { timestamp(value) } else { null() }
    }

    /// A member with an object, of the members that the closure writes.
    public mutating func objectField<E: Error>(
        _ name: String,
        _ members: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        key(name)
        try object(members)
    }

    /// A member with an array, with an element for each of a sequence.
    public mutating func arrayField<S: Sequence, E: Error>(
        _ name: String,
        of elements: S,
        _ write: (inout JSONWriter, S.Element) throws(E) -> Void
    ) throws(E) {
        key(name)
        try array(of: elements, write)
    }

    // MARK: Bytes

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func token(_ text: StaticString) {
        separate()
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = true
    }

    private mutating func quote(_ value: String) {
        var value = value
        bytes.append(UInt8(ascii: "\""))
        value.withUTF8 { text in
            // Most texts have nothing to escape and go in whole.
            if JSONWriter.isPlain(text) { bytes.append(contentsOf: text) } else { appendEscaping(text) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        // Without a way out of the loop, it is made to look at many bytes at a time.
        var isPlain = true
        for byte in text { isPlain = isPlain && !isEscaped(byte) }
        return isPlain
    }

    private mutating func appendEscaping(_ text: UnsafeBufferPointer<UInt8>) {
        for byte in text {
            if JSONWriter.isEscaped(byte) { escape(byte) } else { bytes.append(byte) }
        }
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0..<0x20:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(JSONWriter.hexadecimal(byte >> 4))
            bytes.append(JSONWriter.hexadecimal(byte & 0xF))
        default: bytes.append(byte)
        }
    }

    private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
