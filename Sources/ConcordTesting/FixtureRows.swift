public import PluginAPI

/// A trade as a bot writes it down.
public struct FixtureTrade: Sendable {
    public var id: String
    public var account: String
    public var symbol: String
    /// `buy` or `sell`.
    public var direction: String
    /// In lots.
    public var volume: FixedDecimal
    public var price: FixedDecimal
    /// `nil` is an hour before the host's time.
    public var enteredAt: Timestamp?
    /// `nil` is an open trade.
    public var closing: (at: Timestamp, price: FixedDecimal)?

    /// A trade every field of which is good.
    public init(
        _ id: String,
        of account: String,
        _ symbol: String = "EURUSD",
        _ direction: String = "buy",
        _ volume: FixedDecimal = "0.10",
        price: FixedDecimal = "1.10000",
        enteredAt: Timestamp? = nil,
        closing: (at: Timestamp, price: FixedDecimal)? = nil
    ) {
        self.id = id
        self.account = account
        self.symbol = symbol
        self.direction = direction
        self.volume = volume
        self.price = price
        self.enteredAt = enteredAt
        self.closing = closing
    }

    func write(to json: inout JSONWriter, at now: Timestamp) {
        json.field("trade_id", id)
        json.field("account_id", account)
        json.field("symbol", symbol)
        json.field("direction", direction)
        json.field("volume", volume)
        json.field("entry_price", price)
        json.field("entry_time", enteredAt ?? now - .seconds(3_600))
        json.field("status", closing == nil ? "open" : "closed")
        json.field("closed_at", closing?.at)
        json.field("close_price", closing?.price)
    }
}

/// A position as a broker lists it.
public struct FixturePosition: Sendable {
    public var ticket: Int64
    public var symbol: String
    /// `buy` or `sell`.
    public var direction: String
    /// In lots.
    public var volume: FixedDecimal
    public var price: FixedDecimal
    /// `nil` is the price it was entered at.
    public var currentPrice: FixedDecimal?
    /// `nil` is an hour before the host's time.
    public var enteredAt: Timestamp?
    /// In the account's currency.
    public var profit: FixedDecimal

    /// A position every field of which is good.
    public init(
        _ ticket: Int64,
        _ symbol: String = "EURUSD",
        _ direction: String = "buy",
        _ volume: FixedDecimal = "0.10",
        price: FixedDecimal = "1.10000",
        currentPrice: FixedDecimal? = nil,
        enteredAt: Timestamp? = nil,
        profit: FixedDecimal = "0"
    ) {
        self.ticket = ticket
        self.symbol = symbol
        self.direction = direction
        self.volume = volume
        self.price = price
        self.currentPrice = currentPrice
        self.enteredAt = enteredAt
        self.profit = profit
    }

    func write(to json: inout JSONWriter, at now: Timestamp) {
        json.field("ticket", ticket)
        json.field("symbol", symbol)
        json.field("direction", direction)
        json.field("volume", volume)
        json.field("entry_price", price)
        json.field("entry_time", enteredAt ?? now - .seconds(3_600))
        json.field("current_price", currentPrice ?? price)
        json.field("profit", profit)
    }
}
