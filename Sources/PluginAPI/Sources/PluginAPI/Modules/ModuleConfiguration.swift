/// A section's values after the host has checked them against the specification, defaults filled in.
///
/// Reading a key that the specification does not declare, or as another kind, is a programmer's mistake.
public struct ModuleConfiguration: Sendable, Equatable {
    /// By key.
    public var values: [String: ConfigurationValue]

    /// A section with these values.
    public init(_ values: [String: ConfigurationValue] = [:]) {
        self.values = values
    }

    /// Whether an optional key has a value.
    public func has(_ key: String) -> Bool { values[key] != nil }

    /// The value of a text, choice, path or notation.
    public func text(_ key: String) -> String {
        if case .text(let text) = value(key) { return text }
        mismatch(key, "text")
    }

    /// The same for an optional key; `nil` when it has no value.
    public func optionalText(_ key: String) -> String? { has(key) ? text(key) : nil }

    /// The value of a `boolean`.
    public func boolean(_ key: String) -> Bool {
        if case .boolean(let flag) = value(key) { return flag }
        mismatch(key, "boolean")
    }

    /// The value of an `integer`.
    public func integer(_ key: String) -> Int {
        if case .integer(let number) = value(key) { return number }
        mismatch(key, "integer")
    }

    /// A decimal, or the number before the sign of a percentage.
    public func decimal(_ key: String) -> FixedDecimal {
        if case .decimal(let number) = value(key) { return number }
        mismatch(key, "decimal")
    }

    /// The value of a `duration`.
    public func duration(_ key: String) -> Duration {
        if case .duration(let duration) = value(key) { return duration }
        mismatch(key, "duration")
    }

    /// Bytes.
    public func size(_ key: String) -> Int {
        if case .size(let bytes) = value(key) { return bytes }
        mismatch(key, "size")
    }

    /// The value of a key that is declared secret.
    public func secret(_ key: String) -> Secret {
        if case .secret(let secret) = value(key) { return secret }
        mismatch(key, "secret")
    }

    /// The values of a `section` or `mapping`.
    public func section(_ key: String) -> ModuleConfiguration {
        if case .mapping(let values) = value(key) { return ModuleConfiguration(values) }
        mismatch(key, "section")
    }

    /// The values of a `list`.
    public func list(_ key: String) -> [ConfigurationValue] {
        if case .list(let values) = value(key) { return values }
        mismatch(key, "list")
    }

    private func value(_ key: String) -> ConfigurationValue {
        guard let value = values[key] else {
            preconditionFailure("configuration key \(key) is not declared or not set")
        }
        return value
    }

    private func mismatch(_ key: String, _ kind: String) -> Never {
        preconditionFailure("configuration key \(key) is not declared as \(kind)")
    }
}

/// One checked configuration value.
public indirect enum ConfigurationValue: Sendable, Equatable {
    /// Text, a choice, a path or a notation.
    case text(String)
    /// `true` or `false`.
    case boolean(Bool)
    /// A whole number.
    case integer(Int)
    /// A decimal, or the number before the sign of a percentage.
    case decimal(FixedDecimal)
    /// A stretch of time.
    case duration(Duration)
    /// Bytes.
    case size(Int)
    /// What is never shown.
    case secret(Secret)
    /// Values in the file's order.
    case list([ConfigurationValue])
    /// Values by key.
    case mapping([String: ConfigurationValue])
}
