/// The file of a new SQL module: good as it stands, and small enough to be read at once.
enum SQLScaffold {
    static func text(_ id: String) -> String {
        """
        summary: What \(id) answers
        methods:
          by_symbol:
            params: { from: { type: time, default: -30d } }
            sql: |
              SELECT symbol, count(*) AS trades, sum(volume) AS lots
              FROM v_trades
              WHERE entry_time >= $from
              GROUP BY symbol
              ORDER BY lots DESC, symbol

        """
    }
}
