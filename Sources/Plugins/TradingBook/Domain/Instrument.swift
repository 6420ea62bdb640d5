public import PluginAPI

/// What is traded, and how its prices and volumes count.
public struct Instrument: Sendable, Equatable {
    /// Canonical symbol, upper case.
    public var symbol: String
    /// Decimals of a price.
    public var digits: Int
    /// The price step that traders call a pip; `nil` for an instrument nobody has described.
    public var pip: FixedDecimal?
    /// Units of the base per lot; `nil` for an instrument nobody has described.
    public var multiplier: FixedDecimal?
    /// ISO 4217 code; `nil` for an instrument nobody has described.
    public var quoteCurrency: String?
    /// Whether digits, pip, multiplier and quote currency are known rather than seen.
    public var isKnown: Bool { pip != nil && multiplier != nil }
    /// The smallest price step.
    public var tick: FixedDecimal { FixedDecimal(units: 1, scale: digits) }

    public init(
        symbol: String,
        digits: Int,
        pip: FixedDecimal? = nil,
        multiplier: FixedDecimal? = nil,
        quoteCurrency: String? = nil
    ) {
        self.symbol = symbol
        self.digits = digits
        self.pip = pip
        self.multiplier = multiplier
        self.quoteCurrency = quoteCurrency
    }
}
