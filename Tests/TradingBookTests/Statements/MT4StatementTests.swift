import PluginAPI
import Testing

@testable import TradingBook

@Suite("An MT4 statement")
struct MT4StatementTests {
    @Test("The statement with open positions is read to the last figure")
    func openPositions() throws {
        let statement = try MT4Statement.parse(try SharedStatement.openPositions.bytes(), timeZone: newYorkPlusSeven())

        #expect(statement.login == "651083")
        #expect(statement.currency == "EUR")
        #expect(statement.asOf.description == "2025-05-30T13:00:00Z")
        #expect(statement.open.count == 169)
        #expect(statement.open.count { $0.direction == .buy } == 163)
        #expect(statement.closed.count == 123)
        #expect(statement.cancelledOrders == 0)
        #expect(statement.flows.map(\.amount) == ["15000.00"])
        #expect(statement.flows.map(\.kind) == [.deposit])
        #expect(statement.flows.map(\.id) == ["ticket:75801624"])
        #expect(statement.totals.closedPnL == "90066.64")
        #expect(statement.totals.floatingPnL == "-93984.96")
        #expect(statement.totals.balance == "420995.72")
        #expect(statement.totals.equity == "327010.76")
        #expect(statement.totals.margin == "62515.67")
        #expect(statement.totals.credit == .zero)
    }

    @Test("A row keeps its symbol, digits, comment and magic number, and its time becomes UTC")
    func openRow() throws {
        let statement = try MT4Statement.parse(try SharedStatement.openPositions.bytes(), timeZone: newYorkPlusSeven())

        let position = try #require(statement.open.first { $0.ticket == 75_782_245 })

        #expect(position.symbol == "usdjpy")
        #expect(position.instrument == "USDJPY")
        #expect(position.entryPrice.description == "144.873")
        #expect(position.currentPrice.description == "143.876")
        #expect(position.entryTime.description == "2025-05-28T17:51:58Z")
        #expect(position.takeProfit == nil && position.stopLoss == nil)
        #expect(position.swap == "34.65" && position.profit == "-610.29")
        #expect(position.magic == 11_545_991 && position.comment == "ICM11545991")
        #expect(statement.open.map(\.ticket) == statement.open.map(\.ticket).sorted())
    }

    @Test("The statement without positions has its closed trades and every balance movement")
    func closedHistory() throws {
        let zone = try #require(TimeZoneRule(parsing: "America/New_York+07:00"))

        let statement = try MT4Statement.parse(try SharedStatement.closedHistory.bytes(), timeZone: zone)

        #expect(statement.login == "108345")
        #expect(statement.currency == "USD")
        #expect(statement.asOf.description == "2020-03-02T05:57:00Z")
        #expect(statement.open.isEmpty)
        #expect(statement.closed.count == 35)
        #expect(statement.closed.count { $0.position.direction == .sell } == 15)
        #expect(
            statement.flows.map(\.kind) == [.correction, .fee, .correction, .fee, .correction, .fee, .fee])
        #expect(statement.flows.reduce(FixedDecimal.zero) { $0 + $1.amount } == "4942.00")
        #expect(statement.totals.closedPnL == "-4401.60")
        #expect(statement.totals.balance == "540.40")
        #expect(statement.totals.equity == "540.40")
    }

    @Test("A closed trade has its stop, its prices and its result")
    func closedRow() throws {
        let statement = try MT4Statement.parse(try SharedStatement.closedHistory.bytes(), timeZone: newYorkPlusSeven())

        let first = try #require(statement.closed.first)

        #expect(first.position.ticket == 233_251_577)
        #expect(first.position.symbol == "eurgbp-2")
        #expect(first.position.stopLoss == "0.84200" && first.position.takeProfit == "0.85000")
        #expect(first.closePrice.description == "0.84199")
        #expect(first.closedAt.description == "2020-02-11T22:18:45Z")
        #expect(first.realizedPnL == "-2.16")
        #expect(first.position.magic == nil && first.position.comment == nil)
    }
}

/// The usual clock of MetaTrader servers.
func newYorkPlusSeven() throws -> TimeZoneRule {
    try #require(TimeZoneRule(parsing: "America/New_York+07:00"))
}
