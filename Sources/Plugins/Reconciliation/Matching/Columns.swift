import PluginAPI
import TradingBook

/// Gives each symbol a small number, by its bytes.
struct SymbolTable {
    private var numbers: [[UInt8]: Int32] = [:]
    private(set) var symbols: [String] = []

    mutating func number(of symbol: String) -> Int32 {
        let bytes = Array(symbol.utf8)
        if let known = numbers[bytes] { return known }
        let number = Int32(symbols.count)
        numbers[bytes] = number
        symbols.append(symbol)
        return number
    }

    subscript(number: Int32) -> String { symbols[Int(number)] }
}

/// The bot's open trades as columns, sorted by ID; quantities in units of 10⁻⁸.
struct BookColumns {
    var ids: [String] = []
    /// 0 when the trade records none.
    var tickets: [Int64] = []
    var instruments: [Int32] = []
    var isBuy: [Bool] = []
    /// The sum of the fills when the trade lists any.
    var volumes: [Int64] = []
    var hasFills: [Bool] = []
    var prices: [Int64] = []
    /// Microseconds.
    var times: [Int64] = []
    /// 0 when not set, like the next.
    var targets: [Int64] = []
    var stops: [Int64] = []
    var magics: [Int64?] = []
    /// What a position's comment must hold: the trade's own reference, or its ID.
    var references: [[UInt8]] = []
    var hasOwnReference: [Bool] = []
    var comments: [[UInt8]] = []
    var count: Int { ids.count }

    init(_ trades: [Trade], symbols: inout SymbolTable) throws(MatchFailure) {
        for trade in trades.sorted(by: { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }) {
            let name = "trade \(trade.id)"
            ids.append(trade.id)
            tickets.append(trade.ticket ?? 0)
            instruments.append(symbols.number(of: trade.instrument))
            isBuy.append(trade.direction == .buy)
            volumes.append(try BookColumns.volume(of: trade))
            hasFills.append(!trade.fills.isEmpty)
            prices.append(try units(trade.entryPrice, of: name))
            times.append(trade.entryTime.microseconds)
            targets.append(try units(trade.takeProfit ?? .zero, of: name))
            stops.append(try units(trade.stopLoss ?? .zero, of: name))
            magics.append(trade.magic)
            references.append(Array(trade.effectiveReference.utf8))
            hasOwnReference.append(trade.reference != nil)
            comments.append(Array((trade.comment ?? "").utf8))
        }
    }

    private static func volume(of trade: Trade) throws(MatchFailure) -> Int64 {
        guard !trade.fills.isEmpty else { return try units(trade.volume, of: "trade \(trade.id)") }
        var sum: Int64 = 0
        for fill in trade.fills {
            let (next, overflow) = sum.addingReportingOverflow(try units(fill.volume, of: "fill \(fill.id)"))
            guard !overflow else { throw .outOfRange("the fills of trade \(trade.id)") }
            sum = next
        }
        return sum
    }

    /// Whether two trades say the same about everything but their ID.
    func areEqual(_ a: Int, _ b: Int) -> Bool {
        tickets[a] == tickets[b] && instruments[a] == instruments[b] && isBuy[a] == isBuy[b]
            && volumes[a] == volumes[b] && prices[a] == prices[b] && times[a] == times[b]
            && targets[a] == targets[b] && stops[a] == stops[b]
    }
}

/// The broker's positions as columns, sorted by ticket; quantities in units of 10⁻⁸.
struct BrokerColumns {
    var tickets: [Int64] = []
    var instruments: [Int32] = []
    var isBuy: [Bool] = []
    var volumes: [Int64] = []
    var prices: [Int64] = []
    var times: [Int64] = []
    /// 0 when not set, like the next.
    var targets: [Int64] = []
    var stops: [Int64] = []
    var magics: [Int64?] = []
    var comments: [[UInt8]] = []
    /// The first row of each ticket.
    var rowByTicket: [Int64: Int] = [:]
    var count: Int { tickets.count }

    init(_ positions: [BrokerPosition], symbols: inout SymbolTable) throws(MatchFailure) {
        for position in positions.sorted(by: { $0.ticket < $1.ticket }) {
            let name = "position \(position.ticket)"
            if rowByTicket[position.ticket] == nil { rowByTicket[position.ticket] = tickets.count }
            tickets.append(position.ticket)
            instruments.append(symbols.number(of: position.instrument))
            isBuy.append(position.direction == .buy)
            volumes.append(try units(position.volume, of: name))
            prices.append(try units(position.entryPrice, of: name))
            times.append(position.entryTime.microseconds)
            targets.append(try units(position.takeProfit ?? .zero, of: name))
            stops.append(try units(position.stopLoss ?? .zero, of: name))
            magics.append(position.magic)
            comments.append(Array((position.comment ?? "").utf8))
        }
    }
}

private func units(_ number: FixedDecimal, of name: String) throws(MatchFailure) -> Int64 {
    guard let units = number.storedUnits else { throw .outOfRange(name) }
    return units
}
