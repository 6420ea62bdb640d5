import PluginAPI

extension PositionsModule {
    /// All open positions, by entry time, then ticket.
    var open: Operation {
        .query(
            "open", at: "/positions/open", summary: "Open positions and their unrealized profit and loss",
            ttl: .seconds(5), parameters: [.symbol], isWarmable: true, reply: OpenPositions.schema
        ) { request in
            try OpenPositions(try await openRows(for: request)).reply(for: request.user)
        }
    }

    /// Positions that have been closed, newest first, then by ticket.
    var closed: Operation {
        .query(
            "closed", at: "/positions/closed", summary: "Closed positions, newest first",
            ttl: .seconds(10),
            parameters: [
                .time("from", "Closed at or after this time"), .time("to", "Closed before this time"), .symbol,
                .limit(default: 50),
            ],
            isPaged: true, reply: ClosedPositions.schema
        ) { request in
            try ClosedPositions.checkRange(of: request)
            return ClosedPositions(try await closedRows(for: request), limit: request.limit).reply(for: request)
        }
    }

    /// One position, open or closed.
    var byID: Operation {
        .query(
            "byID", at: "/positions/{position_id}", summary: "One position, open or closed",
            ttl: .seconds(5), parameters: [Parameter("position_id", .id, "The position's ID")],
            reply: PositionRow.schema(PositionRow.fields + PositionRow.closingFields)
        ) { request in
            guard let row = try await row(for: request), let position = PositionRow(row) else {
                throw Problem.notFound("There is no such position.")
            }
            return Reply { (json: inout JSONWriter) in
                position.writeFields(to: &json)
                position.writeClosing(to: &json)
            }
        }
    }

    /// One row an open position, and one for an account without any, so that totals need no second query.
    private func openRows(for request: Request) async throws -> Rows {
        try await rows(
            """
            SELECT \(PositionRow.selection), a.account_id AS holder, a.currency, a.current_equity, a.current_as_of
            FROM accounts a
            LEFT JOIN positions p ON p.account_id = a.account_id AND p.status = 'open'\(onlySymbol(of: request))
            WHERE a.account_id IN (\(request.accounts))
            ORDER BY p.entry_time, p.ticket, a.account_id
            """,
            for: request)
    }

    /// One row more than the page has, to see whether there is another page.
    private func closedRows(for request: Request) async throws -> Rows {
        var conditions: SQL = "p.status = 'closed' AND p.account_id IN (\(request.accounts))\(onlySymbol(of: request))"
        if let from = request.time("from") { conditions = conditions + " AND p.closed_at >= \(from)" }
        if let to = request.time("to") { conditions = conditions + " AND p.closed_at < \(to)" }
        if let place = request.cursor, place.count == 3 {
            conditions =
                conditions + """
                     AND p.closed_at <= \(place[0]) AND (p.closed_at < \(place[0]) OR p.ticket > \(place[1])
                     OR (p.ticket = \(place[1]) AND p.account_id > \(place[2])))
                    """
        }
        return try await rows(
            """
            SELECT \(PositionRow.selection) FROM positions p JOIN accounts a ON a.account_id = p.account_id
            WHERE \(conditions)
            ORDER BY p.closed_at DESC, p.ticket, p.account_id LIMIT \(request.limit + 1)
            """,
            for: request)
    }

    /// The position asked for, if it is in one of the accounts the request covers.
    private func row(for request: Request) async throws(StorageError) -> Row? {
        try await rows(
            """
            SELECT \(PositionRow.selection) FROM positions p JOIN accounts a ON a.account_id = p.account_id
            WHERE p.position_id = \(request.text("position_id")) AND p.account_id IN (\(request.accounts))
            """,
            for: request
        ).first
    }
}
