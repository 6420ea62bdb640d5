import PluginAPI

/// Knows what a symbol stands for, however a broker writes it.
///
/// Symbols compare upper-cased. An instrument put into the book over the API comes before one of the configuration file,
/// and that before the built-in ones: every pair of two ISO 4217 codes, gold and silver against the dollar. A broker's
/// suffix behind a built-in symbol (`gbpusd-2`, `EURUSD.m`) is cut off. What is left is unknown: it keeps its upper-cased
/// symbol and the digits seen.
public struct InstrumentBook: Sendable, Equatable {
    private var instruments: [String: Instrument]
    private var aliases: [String: String]

    public init() {
        instruments = [:]
        aliases = [:]
    }

    /// Instruments and aliases that were added.
    var count: Int { instruments.count + aliases.count }

    /// Adds or replaces an instrument; symbol and aliases in any case.
    public mutating func add(_ instrument: Instrument, aliases names: [String] = []) {
        var entry = instrument
        entry.symbol = Self.key(instrument.symbol)
        instruments[entry.symbol] = entry
        for name in names { aliases[Self.key(name)] = entry.symbol }
    }

    /// The canonical symbol of what a broker or a bot calls `symbol`.
    public func canonical(_ symbol: String) -> String {
        let key = Self.key(symbol)
        if instruments[key] != nil { return key }
        if let target = aliases[key] { return target }
        if Self.isBuiltIn(key) { return key }
        return Self.base(of: key) ?? key
    }

    /// Whether an instrument was added under this very symbol, in the form in which symbols compare.
    func describes(_ key: String) -> Bool { instruments[key] != nil }

    /// What is known of a canonical symbol; `nil` when nobody has described it.
    public func known(_ canonical: String) -> Instrument? {
        instruments[canonical] ?? Self.builtIn(canonical)
    }

    /// The instrument behind a canonical symbol; an unknown one has the digits seen and nothing else.
    public func instrument(_ canonical: String, digitsSeen: Int) -> Instrument {
        known(canonical) ?? Instrument(symbol: canonical, digits: digitsSeen)
    }

    /// Keys under which a description of `symbol` may be stored: itself, and what is left without a broker's suffix.
    static func candidates(for symbol: String) -> [String] {
        let key = Self.key(symbol)
        return [key] + (base(of: key).map { [$0] } ?? [])
    }

    /// The form in which symbols compare. ASCII letters only, so that it is the same here and in SQL.
    public static func key(_ symbol: String) -> String {
        guard symbol.utf8.contains(where: { (0x61...0x7A).contains($0) }) else { return symbol }
        return String(decoding: symbol.utf8.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }, as: UTF8.self)
    }

    private static func base(of key: String) -> String? {
        guard key.utf8.count > 6 else { return nil }
        let separator = key.utf8[key.utf8.index(key.utf8.startIndex, offsetBy: 6)]
        let isLetterOrDigit = (0x30...0x39).contains(separator) || (0x41...0x5A).contains(separator)
        let base = String(decoding: key.utf8.prefix(6), as: UTF8.self)
        return !isLetterOrDigit && isBuiltIn(base) ? base : nil
    }

    private static func isBuiltIn(_ key: String) -> Bool { metals[key] != nil || pair(key) != nil }

    private static func builtIn(_ key: String) -> Instrument? {
        if let metal = metals[key] { return metal }
        guard let (_, quote) = pair(key) else { return nil }
        let isYen = quote.code == "JPY"
        return Instrument(
            symbol: key, digits: isYen ? 3 : 5, pip: isYen ? yenPip : pip, multiplier: lot, quoteCurrency: quote.code)
    }

    private static let metals = [
        "XAUUSD": Instrument(symbol: "XAUUSD", digits: 2, pip: "0.1", multiplier: "100", quoteCurrency: "USD"),
        "XAGUSD": Instrument(symbol: "XAGUSD", digits: 3, pip: "0.01", multiplier: "5000", quoteCurrency: "USD"),
    ]
    private static let pip: FixedDecimal = "0.0001"
    private static let yenPip: FixedDecimal = "0.01"
    private static let lot: FixedDecimal = "100000"

    private static func pair(_ key: String) -> (base: Currency, quote: Currency)? {
        guard key.utf8.count == 6, let base = Currency(String(decoding: key.utf8.prefix(3), as: UTF8.self)),
            let quote = Currency(String(decoding: key.utf8.suffix(3), as: UTF8.self)), base != quote
        else { return nil }
        return (base, quote)
    }
}
