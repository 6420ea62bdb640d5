import PluginAPI

/// A snapshot's canonical text: every normalised value in a fixed order, so that equal snapshots have equal bytes whatever
/// the order of their rows and the spelling of their numbers. ``SnapshotBody`` reads it again.
enum SnapshotContent {
    static func bytes(_ snapshot: Snapshot) -> [UInt8] {
        var json = JSONWriter(reservingCapacity: 512 + 320 * snapshot.positions.count)
        json.object { json in
            json.field("account_id", snapshot.account)
            json.field("as_of", snapshot.asOf)
            json.field("completeness", snapshot.completeness.rawValue)
            if let figures = snapshot.figures { json.objectField("account") { write(figures, &$0) } }
            json.arrayField("positions", of: snapshot.positions) { write($1, &$0) }
            json.arrayField("flows", of: snapshot.flows) { write($1, &$0) }
            json.arrayField("quotes", of: snapshot.quotes) { write($1, &$0) }
            if let error = snapshot.error { json.field("error", error) }
        }
        return json.bytes
    }

    private static func write(_ figures: AccountFigures, _ json: inout JSONWriter) {
        optional("balance", figures.balance, &json)
        optional("equity", figures.equity, &json)
        optional("margin", figures.margin, &json)
        optional("credit", figures.credit, &json)
    }

    private static func write(_ position: BrokerPosition, _ json: inout JSONWriter) {
        json.object { json in
            json.field("ticket", position.ticket)
            json.field("symbol", position.symbol)
            json.field("direction", position.direction.rawValue)
            json.field("volume", position.volume)
            json.field("entry_price", position.entryPrice)
            json.field("entry_time", position.entryTime)
            json.field("current_price", position.currentPrice)
            optional("take_profit", position.takeProfit, &json)
            optional("stop_loss", position.stopLoss, &json)
            optional("profit", position.profit, &json)
            json.field("swap", position.swap)
            json.field("commission", position.commission)
            json.field("taxes", position.taxes)
            if let comment = position.comment { json.field("comment", comment) }
            if let magic = position.magic { json.field("magic", magic) }
        }
    }

    private static func write(_ flow: Flow, _ json: inout JSONWriter) {
        json.object { json in
            json.field("flow_id", flow.id)
            json.field("time", flow.time)
            json.field("amount", flow.amount)
            json.field("kind", flow.kind.rawValue)
        }
    }

    private static func write(_ quote: Quote, _ json: inout JSONWriter) {
        json.object { json in
            json.field("symbol", quote.symbol)
            optional("bid", quote.bid, &json)
            optional("ask", quote.ask, &json)
            optional("open", quote.open, &json)
            optional("previous_close", quote.previousClose, &json)
            json.field("time", quote.time)
        }
    }

    private static func optional(_ name: String, _ value: FixedDecimal?, _ json: inout JSONWriter) {
        if let value { json.field(name, value) }
    }
}
