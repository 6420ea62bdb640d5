import PluginAPI

/// An instrument with the names that brokers give it, and how it is read from a body and written to an answer.
struct DescribedInstrument: Sendable, Equatable {
    static let fields = ["digits", "pip", "multiplier", "quote_currency", "aliases"]
    static let aliasesMax = 100

    var instrument: Instrument
    /// Upper-cased, sorted, without repeats.
    var aliases: [String]

    /// Reads what `PUT /instruments/{symbol}` takes.
    static func parse(_ bytes: [UInt8], symbol: String) throws(Problem) -> DescribedInstrument {
        try JSONBody.read(bytes, fields: fields, as: "instrument") { read(&$0, symbol) }
    }

    private static func read(_ reader: inout ObjectReader, _ symbol: String) -> DescribedInstrument? {
        let digits = reader.required("digits", .integer(0...8))
        let pip = reader.required("pip", .positive)
        let multiplier = reader.required("multiplier", .positive)
        let quote = reader.required("quote_currency", .currency)
        var aliases = Set((reader.list("aliases", max: aliasesMax, .symbol) ?? []).map(InstrumentBook.key))
        let key = InstrumentBook.key(symbol)
        aliases.remove(key)
        guard let digits, let pip, let multiplier, let quote else { return nil }
        let instrument = Instrument(
            symbol: key, digits: Int(digits), pip: pip, multiplier: multiplier, quoteCurrency: quote.code)
        return DescribedInstrument(instrument: instrument, aliases: aliases.sorted())
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("symbol", instrument.symbol)
            json.field("digits", instrument.digits)
            json.field("pip", instrument.pip)
            json.field("multiplier", instrument.multiplier)
            json.field("quote_currency", instrument.quoteCurrency)
            json.arrayField("aliases", of: aliases) { $0.string($1) }
        }
        return json.bytes
    }
}
