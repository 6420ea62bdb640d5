import PluginAPI

/// One thing an account holds, as the bot has it and as the broker does.
struct Dealing {
    /// How the two sides differ; each makes the break of its name.
    enum Flaw: CaseIterable {
        case none, sideFlip, brokerClosed, unknownToUs, partialFill, volumeMismatch, entrySlippage, stopLoss,
            takeProfit,
            duplicateOurs, duplicateBroker, ambiguous, instrumentUnknown
    }

    let account: String
    let ticket: Int64
    let symbol: String
    let direction: String
    let volume: String
    let openedAt: Timestamp
    let flaw: Flaw

    /// By instrument: the price, and one further from it than is allowed.
    static let prices = [
        "EURUSD": ("1.10000", "1.10210"), "XAUUSD": ("1950.50", "1953.50"), "USDJPY": ("150.125", "150.500"),
    ]
    private static let unheardOf = "ODDITY"

    private var price: (at: String, slipped: String) { Self.prices[symbol] ?? ("1.30000", "1.31000") }
    private var named: String { flaw == .instrumentUnknown ? Self.unheardOf : symbol }

    // MARK: The bot's

    var trades: [String] {
        switch flaw {
        case .unknownToUs: []
        case .duplicateOurs: [trade("t-\(ticket)"), trade("t-\(ticket)-again")]
        default: [trade("t-\(ticket)")]
        }
    }

    func closed(at now: Timestamp) -> [String] {
        flaw == .unknownToUs
            ? [] : [trade("t-\(ticket)", #""closed", "closed_at": "\#(now)", "close_price": \#(price.at)"#)]
    }

    private func trade(_ id: String, _ status: String = #""open""#) -> String {
        // Without a key, two rows of the broker's may be the one.
        let key = flaw == .ambiguous ? "" : #""ticket": \#(ticket),"#
        return """
            {"trade_id": "\(id)", "account_id": "\(account)", "symbol": "\(named)", "direction": "\(direction)",
             "volume": \(volume), "entry_price": \(price.at), "entry_time": "\(openedAt)", \(key) "stop_loss": null,
             "status": \(status), "comment": "caf\\u00e9 📈"}
            """
    }

    // MARK: The broker's

    /// - Parameter isHealed: As the bot has it, this time.
    func positions(profit: String, isHealed: Bool = false) -> [String] {
        let row = { (extra: String) in position(profit: profit, extra) }
        guard !isHealed || flaw == .unknownToUs || flaw == .ambiguous else { return [row("")] }
        switch flaw {
        case .none, .duplicateOurs, .unknownToUs, .instrumentUnknown: return [row("")]
        case .brokerClosed: return []
        case .sideFlip: return [position(profit: profit, direction: direction == "buy" ? "sell" : "buy")]
        case .partialFill: return [position(profit: profit, volume: "0.05")]
        case .volumeMismatch: return [position(profit: profit, volume: "3.5")]
        case .entrySlippage: return [position(profit: profit, price: price.slipped)]
        case .stopLoss: return [row(#", "stop_loss": 0.5"#)]
        case .takeProfit: return [row(#", "take_profit": 2500"#)]
        case .duplicateBroker: return [row(""), row("")]
        case .ambiguous:
            return [-5, 5].enumerated().map { index, seconds in
                position(
                    profit: profit, ticket: ticket + Int64(index), openedAt: openedAt + .seconds(seconds))
            }
        }
    }

    private func position(
        profit: String, direction: String? = nil, volume: String? = nil, price: String? = nil, ticket: Int64? = nil,
        openedAt: Timestamp? = nil, _ extra: String = ""
    ) -> String {
        """
        {"ticket": \(ticket ?? self.ticket), "symbol": "\(named)\(profit == "0" && named != Self.unheardOf ? ".m" : "")",
         "direction": "\(direction ?? self.direction)", "volume": \(volume ?? self.volume),
         "entry_price": \(price ?? self.price.at), "entry_time": "\(openedAt ?? self.openedAt)",
         "current_price": \(self.price.at), "profit": \(profit), "swap": -1.25\(extra)}
        """
    }
}
