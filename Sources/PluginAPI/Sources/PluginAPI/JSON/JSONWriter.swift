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
    @inlinable
    public mutating func object<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) {
        open(UInt8(ascii: "{"))
        try members(&self)
        close(UInt8(ascii: "}"))
    }

    /// Writes an array around the elements that the closure writes.
    @inlinable
    public mutating func array<E: Error>(_ elements: (inout JSONWriter) throws(E) -> Void) throws(E) {
        open(UInt8(ascii: "["))
        try elements(&self)
        close(UInt8(ascii: "]"))
    }

    /// Writes an array with an element for each of a sequence.
    @inlinable
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
        quote(name, end: ":")
        needsComma = false
    }

    // MARK: Values

    /// Writes `null`.
    public mutating func null() {
        put(atMost: 4) { $0.put(word: JSONWriter.null, count: 4) }
        needsComma = true
    }

    /// Writes `true` or `false`.
    public mutating func boolean(_ value: Bool) {
        put(atMost: 5) { place in
            if value { place.put(word: JSONWriter.true, count: 4) } else { place.put(word: JSONWriter.false, count: 5) }
        }
        needsComma = true
    }

    /// Writes a whole number.
    public mutating func integer(_ value: Int64) {
        put(atMost: 20) { place in
            if value < 0 { place.put("-") }
            place.put(number: value.magnitude)
        }
        needsComma = true
    }

    /// A number with at least `digits` decimals, more when its value needs them.
    public mutating func decimal(_ value: FixedDecimal, digits: Int = 0) {
        if value.isShort(digitsMin: digits) {
            put(atMost: FixedDecimal.shortTextMax) { value.put(to: &$0, digitsMin: digits) }
        } else {
            separate()
            value.append(to: &bytes, digitsMin: digits)
        }
        needsComma = true
    }

    /// Writes text between quotes, escaped where JSON needs it.
    public mutating func string(_ value: String) {
        quote(value)
        needsComma = true
    }

    /// Writes a time as ISO 8601 in UTC, between quotes.
    public mutating func timestamp(_ value: Timestamp) {
        put(atMost: Timestamp.textMax + 2) { place in
            place.put("\"")
            value.put(to: &place)
            place.put("\"")
        }
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
    @inlinable
    public mutating func objectField<E: Error>(
        _ name: String,
        _ members: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        key(name)
        try object(members)
    }

    /// A member with an array, with an element for each of a sequence.
    @inlinable
    public mutating func arrayField<S: Sequence, E: Error>(
        _ name: String,
        of elements: S,
        _ write: (inout JSONWriter, S.Element) throws(E) -> Void
    ) throws(E) {
        key(name)
        try array(of: elements, write)
    }

    // MARK: Bytes

    /// The words' ASCII, the first character lowest.
    private static let null: UInt64 = 0x6C6C_756E
    private static let `true`: UInt64 = 0x6575_7274
    private static let `false`: UInt64 = 0x65_736C_6166

    /// Makes room for so many bytes and a comma, and has them written.
    @inline(__always)
    private mutating func put(atMost room: Int, _ write: (inout BytePlace) -> Void) {
        let needsComma = needsComma
        bytes.append(atMost: room + 1) { place in
            if needsComma { place.put(",") }
            write(&place)
        }
    }

    @usableFromInline
    mutating func open(_ bracket: UInt8) {
        put(atMost: 1) { $0.put(byte: bracket) }
        needsComma = false
    }

    @usableFromInline
    mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    /// - Parameter end: What follows the closing quote, if anything does.
    @inline(__always)
    private mutating func quote(_ value: String, end: Unicode.Scalar? = nil) {
        var value = value
        value.withUTF8 { text in
            var isPlain = true
            // Two quotes and the end.
            put(atMost: text.count + 3) { place in
                let start = place
                place.put("\"")
                isPlain = place.put(plain: UnsafeRawBufferPointer(text))
                place.put("\"")
                if let end { place.put(end) }
                if !isPlain { place = start }
            }
            if !isPlain { appendEscaping(text, end: end) }
        }
    }

    @inline(never)
    private mutating func appendEscaping(_ text: UnsafeBufferPointer<UInt8>, end: Unicode.Scalar?) {
        bytes.append(UInt8(ascii: "\""))
        var rest = text[...]
        while let place = rest.firstIndex(where: \.isEscapedInJSON) {
            bytes.append(contentsOf: rest[..<place])
            escape(rest[place])
            rest = rest[(place + 1)...]
        }
        bytes.append(contentsOf: rest)
        bytes.append(UInt8(ascii: "\""))
        if let end { bytes.append(UInt8(ascii: end)) }
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
