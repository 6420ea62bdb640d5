import PluginAPI
import TradingBook

extension GuardLogEntry {
    /// The countdown of a trip is over, and its positions are to be closed.
    init(countdownOf trip: String, commands: Int64) {
        self.init(
            kind: "guard_trigger", eventType: "drawdown_alert",
            description: "countdown over: \(commands) \(commands == 1 ? "position" : "positions") to close",
            metadata: Self.object { json in
                json.field("trip_id", trip)
                json.field("commands", commands)
            })
    }

    /// A position stays open under a tripped guard, and nobody is told to close it.
    init(leftOpen position: LeftOpenPosition) {
        self.init(
            kind: "warning", eventType: "drawdown_alert", symbol: position.symbol, ticket: position.ticket,
            tradeID: position.tradeID,
            description: "\(position.symbol) ticket \(position.ticket) is open under a tripped guard, "
                + "and no command to close it is under way",
            metadata: Self.object { json in
                json.field("trip_id", position.trip)
                json.field("times", position.times)
            })
    }

    /// An agent has closed a position on command.
    init(confirmed command: CloseCommand, _ position: ReportedPosition, currencyDigits: Int) {
        self.init(
            kind: "close", eventType: "position_closed", symbol: position.symbol, ticket: command.ticket,
            tradeID: position.tradeID,
            description:
                "\(position.symbol) ticket \(command.ticket) was closed on command: \(command.reason.rawValue)",
            metadata: Self.object { json in
                json.field("closed_at", command.closedAt)
                json.field("trade_id", position.tradeID)
                json.field("close_price", command.closePrice)
                json.field("realized_pnl", position.realizedPnL, digits: currencyDigits)
                json.field("close_reason", command.reason.rawValue)
                json.field("command_id", command.id)
                json.field("trip_id", command.tripID)
            })
    }

    /// An agent could not close a position.
    init(failed command: CloseCommand) {
        self.init(
            kind: "warning",
            eventType: command.reason == .drawdown ? "drawdown_alert" : "market_condition_alert",
            ticket: command.ticket,
            description: "ticket \(command.ticket) could not be closed: \(command.detail ?? "no reason given")",
            metadata: Self.object { json in
                json.field("close_reason", command.reason.rawValue)
                json.field("command_id", command.id)
                json.field("trip_id", command.tripID)
            })
    }
}
