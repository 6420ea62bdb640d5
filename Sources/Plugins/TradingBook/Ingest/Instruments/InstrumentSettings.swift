public import PluginAPI

/// The instruments of the configuration file: `instruments: {SYMBOL: {digits, pip, multiplier, quote_currency, aliases}}`.
enum InstrumentSettings {
    private static let amounts: ClosedRange<FixedDecimal> = "0.00000001"..."91999999999"

    static let specification = ConfigurationKey(
        "instruments",
        .mapping(
            .section([
                ConfigurationKey("digits", .integer(0...8), "Decimals of a price"),
                ConfigurationKey("pip", .decimal(amounts), "The price step that traders call a pip"),
                ConfigurationKey("multiplier", .decimal(amounts), "Units of the base per lot"),
                ConfigurationKey("quote_currency", .text, "ISO 4217 code of the price's currency"),
                ConfigurationKey("aliases", .list(.text), optional: true, "Other names brokers give it"),
            ])),
        default: "{}",
        "Instruments beside the built-in ones, by symbol")

    /// - Throws: ``ModuleError/misconfigured(key:detail:)`` for a name or code that cannot be one, and for names given twice.
    static func book(_ configuration: ModuleConfiguration) throws(ModuleError) -> InstrumentBook {
        var book = InstrumentBook()
        guard configuration.has("instruments") else { return book }
        let section = configuration.section("instruments")
        var owners: [String: String] = [:]
        for symbol in section.values.keys.sorted() {
            let entry = section.section(symbol)
            let path = "instruments.\(symbol)"
            let quote = entry.text("quote_currency")
            guard Currency(quote) != nil else {
                throw .misconfigured(key: "\(path).quote_currency", detail: "is not an ISO 4217 currency code")
            }
            let aliases = try aliases(entry, at: path)
            for name in [symbol] + aliases {
                guard owners.updateValue(symbol, forKey: InstrumentBook.key(name)) == nil else {
                    throw .misconfigured(key: path, detail: "names \(name), which is given twice")
                }
            }
            let instrument = Instrument(
                symbol: symbol, digits: entry.integer("digits"), pip: entry.decimal("pip"),
                multiplier: entry.decimal("multiplier"), quoteCurrency: quote)
            book.add(instrument, aliases: aliases)
        }
        return book
    }

    private static func aliases(_ entry: ModuleConfiguration, at path: String) throws(ModuleError) -> [String] {
        guard entry.has("aliases") else { return [] }
        var names: [String] = []
        for value in entry.list("aliases") {
            guard case .text(let name) = value, (1...64).contains(name.utf8.count),
                name.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
            else {
                throw .misconfigured(key: "\(path).aliases", detail: "has a name that is not 1 to 64 printable ASCII")
            }
            names.append(name)
        }
        return names
    }
}

extension InstrumentBook {
    /// The instruments of a configuration's section `instruments`, laid over the built-in ones.
    public init(_ configuration: ModuleConfiguration) throws(ModuleError) {
        self = try InstrumentSettings.book(configuration)
    }
}
