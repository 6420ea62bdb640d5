/// Every key a configuration section may have, each declared once.
///
/// From it come parsing, diagnostics, `config schema`, `config sample`, redaction and the module's README table.
public struct ConfigurationSpec: Sendable {
    /// In the order of the sample and the tables.
    public var keys: [ConfigurationKey]

    /// A specification of these keys.
    public init(_ keys: [ConfigurationKey]) {
        self.keys = keys
    }
}

/// One key: its type, default, limits and meaning.
public struct ConfigurationKey: Sendable {
    /// As it is written in the file: `batch_size`.
    public var name: String
    /// What its value may be.
    public var kind: ConfigurationKind
    /// As it would be written in the file; `nil` when the key is required or, with ``isOptional``, has no value.
    public var defaultText: String?
    /// Whether the key may be left out without a default.
    public var isOptional: Bool
    /// Never shown; the value is a ``Secret``.
    public var isSecret: Bool
    /// Takes effect on a reload without a restart.
    public var isReloadable: Bool
    /// One sentence for the sample and the documentation.
    public var summary: String

    /// A key; see its members.
    public init(
        _ name: String,
        _ kind: ConfigurationKind,
        default defaultText: String? = nil,
        optional isOptional: Bool = false,
        secret isSecret: Bool = false,
        reloadable isReloadable: Bool = true,
        _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultText = defaultText
        self.isOptional = isOptional
        self.isSecret = isSecret
        self.isReloadable = isReloadable
        self.summary = summary
    }
}

/// The type of a configuration value and its range.
public indirect enum ConfigurationKind: Sendable {
    /// Text of any length.
    case text
    /// `true` or `false`.
    case boolean
    /// A whole number within a range.
    case integer(ClosedRange<Int>)
    /// A decimal within a range.
    case decimal(ClosedRange<FixedDecimal>)
    /// `15%`; the value is the number before the sign.
    case percentage(ClosedRange<FixedDecimal>)
    /// `250ms`, `10s`, `5m`, `24h`, `7d`.
    case duration(ClosedRange<Duration>)
    /// `64MiB`, `8KiB`, `1GiB`, or bytes.
    case size(ClosedRange<Int>)
    /// One of these words.
    case choice([String])
    /// A file or directory, relative to the working directory.
    case path
    /// Text in a notation of its own.
    case notation(ConfigurationNotation)
    /// Keys known in advance.
    case section([ConfigurationKey])
    /// Free keys, each with a value of one kind.
    case mapping(ConfigurationKind)
    /// Values of one kind.
    case list(ConfigurationKind)
    /// Whichever of the kinds the value's shape fits: a scalar, a mapping or a list.
    case either([ConfigurationKind])
}

/// A notation that a module reads itself, such as `5 pips`.
public struct ConfigurationNotation: Sendable {
    /// What it is called in messages: `a tolerance`.
    public var name: String
    /// Texts it takes, for messages and the sample.
    public var examples: [String]
    /// What is wrong with a text, as a clause, or `nil` when it is good.
    public var problem: @Sendable (String) -> String?

    /// A notation; see its members.
    public init(name: String, examples: [String], problem: @escaping @Sendable (String) -> String?) {
        self.name = name
        self.examples = examples
        self.problem = problem
    }
}
