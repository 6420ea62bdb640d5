import PluginAPI

/// What an import of a statement came to, in three lines.
struct StatementReport {
    private let answer: JSONValue

    /// - Parameter answer: The body of `POST /statements`.
    init(_ answer: JSONValue) {
        self.answer = answer
    }

    var text: String {
        let totals = answer["totals"] ?? .null
        let run = answer["run"] ?? .null
        return """
            Statement as of \(answer.shown("as_of")): \(answer.shown("open")) open, \(answer.shown("closed")) closed, \
            \(answer.shown("balance_movements")) balance movements, \(answer.shown("cancelled_orders")) cancelled orders
            Closed P/L \(totals.shown("closed_pnl")), floating P/L \(totals.shown("floating_pnl")), \
            balance \(totals.shown("balance")), equity \(totals.shown("equity")), margin \(totals.shown("margin"))
            Run \(run.shown("run_id")): \(run.shown("verdict")), \(run.shown("matched")) matched
            """
    }
}
