public import PluginAPI

/// Gives a snapshot's rows their canonical symbols and its positions their profit.
///
/// **P/L** of a position is profit, swap, commission and taxes together, each signed as the broker writes it. A position
/// without `profit` gets the price difference times volume and multiplier, rounded to the currency's decimals, if its
/// instrument is quoted in the account's currency; any other is refused, because nobody told the rate.
package struct SnapshotValuation {
    /// ISO 4217 code of the account.
    private let currency: String
    private let currencyDigits: Int
    private let book: InstrumentBook

    package init(currency: String, currencyDigits: Int, book: InstrumentBook) {
        (self.currency, self.currencyDigits, self.book) = (currency, currencyDigits, book)
    }

    init(account: Account, book: InstrumentBook) {
        self.init(currency: account.currency, currencyDigits: account.currencyDigits, book: book)
    }

    /// - Throws: 422 naming every position whose P/L cannot be known or kept.
    package func value(_ snapshot: Snapshot) throws(Problem) -> Snapshot {
        var valued = snapshot
        let problems = BodyProblems()
        var symbols = CanonicalSymbols(book: book)
        for index in valued.positions.indices {
            valued.positions[index].instrument = symbols.of(valued.positions[index].symbol)
            complete(&valued.positions[index], problems)
        }
        for index in valued.quotes.indices {
            valued.quotes[index].instrument = symbols.of(valued.quotes[index].symbol)
        }
        try problems.refuseIfAny("snapshot")
        return valued
    }

    /// Positions are sorted by now, so a problem names the ticket beside a pointer to the list.
    private func complete(_ position: inout BrokerPosition, _ problems: BodyProblems) {
        if position.profit == nil {
            do throws(MemberProblem) {
                position.profit = try profit(position)
            } catch {
                problems.add("/positions", "ticket \(position.ticket) \(error.detail)")
                return
            }
        }
        if position.unrealizedPnL.storedUnits == nil {
            problems.add("/positions", "ticket \(position.ticket) has a profit or loss out of range")
        }
    }

    /// The price's move from entry to current price, times volume and multiplier, in the account's currency.
    ///
    /// - Throws: Why it cannot be known.
    func profit(_ position: BrokerPosition) throws(MemberProblem) -> FixedDecimal {
        guard let instrument = book.known(position.instrument), let multiplier = instrument.multiplier,
            let quote = instrument.quoteCurrency
        else { throw MemberProblem("needs a profit: instrument \(position.instrument) is not described") }
        guard quote == currency else {
            throw MemberProblem(
                "needs a profit: \(position.instrument) is quoted in \(quote), not in \(currency)")
        }
        let move = position.currentPrice - position.entryPrice
        let signed = position.direction == .buy ? move : -move
        guard let profit = signed.multiplied(by: position.volume)?.multiplied(by: multiplier) else {
            throw MemberProblem("has a profit or loss out of range")
        }
        return profit.rounded(toScale: currencyDigits)
    }
}

/// Canonical symbols, each looked up once.
private struct CanonicalSymbols {
    let book: InstrumentBook
    private var known: [String: String] = [:]

    init(book: InstrumentBook) {
        self.book = book
    }

    mutating func of(_ symbol: String) -> String {
        if let canonical = known[symbol] { return canonical }
        let canonical = book.canonical(symbol)
        known[symbol] = canonical
        return canonical
    }
}

extension BrokerPosition {
    /// Profit, swap, commission and taxes together; a profit that is not known yet counts as none.
    public var unrealizedPnL: FixedDecimal { (profit ?? .zero) + swap + commission + taxes }
}
