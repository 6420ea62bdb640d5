import PluginAPI

extension Flow.Kind {
    /// What a `balance` row of a statement is, by the words the broker put there and its sign.
    ///
    /// Brokers charge and correct through the same rows as clients pay in and out, and only the text tells them apart:
    /// a cost word makes a loss a fee and a gain its correction, a correcting word makes a correction, and all other
    /// text is a deposit or a withdrawal by its sign.
    static func ofBalanceRow(text: String, amount: FixedDecimal) -> Flow.Kind {
        let words = text.lowercased().split { !$0.isLetter }
        let isAmong = { (stems: [String]) in words.contains { word in stems.contains { word.hasPrefix($0) } } }
        if amount.isZero { return .correction }
        if isAmong(["financ", "interest", "fee", "charge", "commission", "swap", "rollover", "tax", "dividend"]) {
            return amount.isNegative ? .fee : .correction
        }
        if isAmong(["adjust", "correct", "update", "activity", "compensat", "rebate", "refund"]) { return .correction }
        return amount.isNegative ? .withdrawal : .deposit
    }

    /// The ID of the flow that a statement's row is: the broker gives every row a ticket of its own.
    static func flowID(ofTicket ticket: Int64) -> String { "ticket:\(ticket)" }
}
