/// One value on its way to or from storage, or of a typed query parameter.
@frozen
public enum Value: Sendable, Hashable {
    /// NULL of any kind.
    case null
    /// A truth.
    case boolean(Bool)
    /// A whole number of 64 bits.
    case integer(Int64)
    /// An exact decimal.
    case decimal(FixedDecimal)
    /// Text, compared byte by byte.
    case text(String)
    /// A time in UTC, to the microsecond.
    case timestamp(Timestamp)
    /// A JSON document as text: TEXT in SQLite, `json` in PostgreSQL.
    case json(String)

    /// Whether it is ``null``.
    public var isNull: Bool {
        // Not `self == .null`: unoptimised, Swift 6.3 spills the 128-bit payload to an unaligned slot and traps.
        if case .null = self { true } else { false }
    }

    /// Text, or NULL.
    public static func text(_ value: String?) -> Value { value.map { .text($0) } ?? .null }
    /// A whole number, or NULL.
    public static func integer(_ value: Int64?) -> Value { value.map { .integer($0) } ?? .null }
    /// Spelled with `if let`: `map` on an optional of a 16-byte aligned value makes Swift 6.3 read a misaligned copy in
    /// unoptimised builds.
    public static func decimal(_ value: FixedDecimal?) -> Value {
        if let value { .decimal(value) } else { .null }
    }
    /// A time, or NULL.
    public static func timestamp(_ value: Timestamp?) -> Value { value.map { .timestamp($0) } ?? .null }
}

/// What a column or a parameter holds; storage converts by it.
public enum ValueKind: String, Sendable, Hashable, CaseIterable {
    /// What a ``Value`` of the same name holds; any of them may be NULL.
    case boolean, integer, decimal, text, timestamp, json
}
