import PluginAPI
import Testing

@testable import TradingBook

@Suite("What a symbol stands for")
struct InstrumentBookTests {
    @Test(
        "Built-in instruments are known in any case and behind a broker's suffix",
        arguments: [
            ("EURUSD", "EURUSD"), ("eurusd", "EURUSD"), ("gbpusd-2", "GBPUSD"), ("EURUSD.m", "EURUSD"),
            ("usdjpy#", "USDJPY"), ("XAUUSD_i", "XAUUSD"), ("xagusd", "XAGUSD"),
            // Not suffixes, not pairs: taken as they are.
            ("EURUSDX", "EURUSDX"), ("EUREUR", "EUREUR"), ("XPTUSD", "XPTUSD"), ("US500.cash", "US500.CASH"),
            ("AAPL", "AAPL"), ("EURXYZ.m", "EURXYZ.M"),
        ])
    func builtIn(symbol: String, canonical: String) {
        #expect(InstrumentBook().canonical(symbol) == canonical)
    }

    @Test(
        "Built-in instruments have the contract's digits, pip and multiplier",
        arguments: [
            ("EURUSD", 5, "0.0001", "100000", "USD"), ("USDJPY", 3, "0.01", "100000", "JPY"),
            ("JPYUSD", 5, "0.0001", "100000", "USD"), ("XAUUSD", 2, "0.1", "100", "USD"),
            ("XAGUSD", 3, "0.01", "5000", "USD"),
        ])
    func figures(symbol: String, digits: Int, pip: String, multiplier: String, quote: String) throws {
        let expected = Instrument(
            symbol: symbol, digits: digits, pip: try FixedDecimal(parsing: pip),
            multiplier: try FixedDecimal(parsing: multiplier), quoteCurrency: quote)

        #expect(InstrumentBook().known(symbol) == expected)
    }

    @Test("An undescribed instrument has the digits seen and nothing else")
    func unknown() {
        let instrument = InstrumentBook().instrument("US500", digitsSeen: 1)

        #expect(instrument == Instrument(symbol: "US500", digits: 1))
        #expect(!instrument.isKnown)
    }

    @Test("What is put into the book comes before what is built in, suffixes included")
    func precedence() {
        var book = InstrumentBook()
        let own = Instrument(symbol: "eurusd", digits: 4, pip: "0.0001", multiplier: "1000", quoteCurrency: "USD")
        book.add(own, aliases: ["Fiber", "EURUSD.x"])

        #expect(book.canonical("fiber") == "EURUSD")
        #expect(book.canonical("eurusd.X") == "EURUSD")
        #expect(book.canonical("EURUSD.m") == "EURUSD")
        #expect(book.known("EURUSD")?.digits == 4)
    }

    @Test("A symbol that is described itself is not cut to its base")
    func ownSuffix() {
        var book = InstrumentBook()
        book.add(Instrument(symbol: "EURUSD.F", digits: 4, pip: "0.0001", multiplier: "1", quoteCurrency: "USD"))

        #expect(book.canonical("eurusd.f") == "EURUSD.F")
    }

    @Test("Only ASCII letters are put into upper case")
    func key() {
        #expect(InstrumentBook.key("straße") == "STRAßE")
    }
}

@Suite("Intervals, currencies and mistyped names")
struct SmallDomainTests {
    @Test(
        "An interval is read and written with the largest whole unit",
        arguments: [
            ("10s", "10s"), ("60s", "1m"), ("90s", "90s"), ("250ms", "250ms"), ("24h", "1d"), ("manual", "manual"),
            ("0s", nil), ("10", nil), ("10 s", nil), ("-1s", nil), ("8d", nil), ("1.5s", nil), ("", nil), ("s", nil),
            ("99999999999999999999s", nil), ("Manual", nil),
        ] as [(String, String?)])
    func interval(text: String, written: String?) {
        #expect(SnapshotInterval(parsing: text)?.text == written)
    }

    @Test(
        "Amounts have their currency's decimals",
        arguments: [("EUR", 2), ("JPY", 0), ("KWD", 3), ("XAU", nil), ("eur", nil), ("EURO", nil), ("", nil)]
            as [(String, Int?)])
    func currency(code: String, digits: Int?) {
        #expect(Currency(code)?.digits == digits)
    }

    @Test(
        "The nearest name is offered, a wild guess is not",
        arguments: [
            ("volum", "volume"), ("vloume", "volume"), ("ticket_id", nil), ("entryprice", "entry_price"), ("x", nil),
            ("", nil),
        ] as [(String, String?)])
    func nearest(name: String, expected: String?) {
        #expect(NearestName.of(name, among: ["ticket", "volume", "entry_price"]) == expected)
    }
}
