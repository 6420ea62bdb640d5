import PluginAPI
import TradingBook

extension GuardsModule {
    /// The drawdown of the worst account.
    var drawdown: Operation {
        .query(
            "drawdown", at: "/guards/drawdown", summary: "Fall from the peak, of the worst account",
            ttl: .seconds(5), isServedStale: false, isWarmable: true, reply: DrawdownReport.schema
        ) { request in
            let rows = try await storage.rows(
                """
                SELECT \(Self.drawdownColumns) FROM accounts a
                LEFT JOIN guard_states s ON s.account_id = a.account_id
                WHERE a.account_id IN (\(request.accounts)) ORDER BY a.account_id
                """, deadline: request.deadline)
            return GuardReport(rows, withSymbols: false, for: request, by: self).drawdownReply()
        }
    }

    /// Gaps and spreads of the symbols watched.
    var market: Operation {
        .query(
            "market", at: "/guards/market", summary: "Price gaps and spreads of the symbols watched",
            ttl: .seconds(5), parameters: [.symbol], isServedStale: false, reply: GuardReport.marketSchema
        ) { request in
            let rows = try await symbolRows(for: request)
            return GuardReport(rows, withSymbols: true, for: request, by: self).marketReply()
        }
    }

    /// Both guards together.
    var status: Operation {
        .query(
            "status", at: "/guards/status", summary: "Both guards together",
            ttl: .seconds(5), isServedStale: false, isWarmable: true, reply: GuardReport.statusSchema
        ) { request in
            let rows = try await symbolRows(for: request)
            return GuardReport(rows, withSymbols: true, for: request, by: self).statusReply()
        }
    }

    /// Every trip there was, newest first.
    var history: Operation {
        .query(
            "history", at: "/guards/history", summary: "Trips, newest first",
            ttl: .seconds(10), parameters: [.limit(default: 50)], isPaged: true, isServedStale: false,
            reply: TripHistory.schema
        ) { request in
            TripHistory(try await tripRows(for: request), limit: request.limit).reply(for: request)
        }
    }

    static let drawdownColumns: SQL = """
        a.account_id, a.currency_digits, a.snapshot_interval, a.current_as_of, s.state, s.peak, s.peak_at, s.equity, \
        s.equity_at, s.pending_rise, s.trip_cause, s.tripped_at, s.liquidation_at, s.last_checked_at, \
        s.market_checked_at, \
        (SELECT count(*) FROM guard_left_open l WHERE l.trip_id = s.trip_id AND l.is_left) AS left_open
        """

    /// One row a watched symbol of an account, and one for an account without any.
    private func symbolRows(for request: Request) async throws -> Rows {
        let onlySymbol: SQL = request.text("symbol").map { "AND g.symbol = \(book.canonicalSymbol($0))" } ?? ""
        return try await storage.rows(
            """
            SELECT \(Self.drawdownColumns), g.symbol, g.price_gap_at, g.liquidity_crisis_at, q.bid, q.ask, q.open_price,
                q.previous_close, q.time AS quote_time, q.digits AS quote_digits
            FROM accounts a
            LEFT JOIN guard_states s ON s.account_id = a.account_id
            LEFT JOIN guard_symbols g ON g.account_id = a.account_id \(onlySymbol)
            LEFT JOIN quotes q ON q.account_id = g.account_id AND q.symbol = g.symbol
            WHERE a.account_id IN (\(request.accounts)) ORDER BY g.symbol, a.account_id
            """, deadline: request.deadline)
    }

    /// One row more than the page has, to see whether there is another page.
    private func tripRows(for request: Request) async throws(StorageError) -> Rows {
        var behind: SQL = ""
        if let place = request.cursor, place.count == 2 {
            behind = """
                AND t.tripped_at <= \(place[0]) AND (t.tripped_at < \(place[0]) OR t.trip_id > \(place[1]))
                """
        }
        return try await storage.rows(
            """
            SELECT t.trip_id, t.account_id, t.guard, t.reason, t.symbol, t.act, t.value_pct, t.limit_pct, t.min_equity,
                t.equity, t.peak, t.tripped_at, t.liquidation_at, t.released_at, t.released_by, t.release_note,
                t.run_id, t.commands_at, a.currency_digits, CASE WHEN t.released_at IS NULL THEN (
                    SELECT count(*) FROM guard_left_open l WHERE l.trip_id = t.trip_id AND l.is_left) ELSE 0 END
                AS left_open
            FROM guard_trips t JOIN accounts a ON a.account_id = t.account_id
            WHERE t.account_id IN (\(request.accounts)) \(behind)
            ORDER BY t.tripped_at DESC, t.trip_id LIMIT \(request.limit + 1)
            """, deadline: request.deadline)
    }
}
