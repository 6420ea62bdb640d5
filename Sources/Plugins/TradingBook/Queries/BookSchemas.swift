import PluginAPI

/// The shapes of the book's bodies and answers, for OpenAPI.
enum BookSchemas {
    static let accountBody = BodySchema(
        schema: .object(
            ([
                "user_id": .text, "mode": .choice(["hedging", "netting"]), "currency": .text,
                "time_zone": .optional(.text), "broker": .optional(.text), "login": .optional(.text),
                "snapshot_interval": .optional(.text),
            ] as Schema.Fields).allowingAbsence(of: ["mode", "time_zone", "broker", "login", "snapshot_interval"])))

    static let account = Schema.object([
        "account_id": .text, "user_id": .text, "mode": .choice(["hedging", "netting"]), "currency": .text,
        "time_zone": .optional(.text), "broker": .optional(.text), "login": .optional(.text),
        "snapshot_interval": .text, "balance": .optional(.decimal), "equity": .optional(.decimal),
        "snapshots_total": .integer, "last_snapshot_at": .optional(.timestamp),
        "last_received_at": .optional(.timestamp), "last_completeness": .optional(completeness),
        "last_error": .optional(.text), "created_at": .timestamp, "updated_at": .timestamp,
    ])

    static let equity = Schema.object([
        "points": .array(
            .object([
                "time": .timestamp, "equity": .decimal, "balance": .optional(.decimal), "peak": .optional(.decimal),
            ]))
    ])

    static let instrumentBody = BodySchema(
        schema: .object(
            ([
                "digits": .integer, "pip": .decimal, "multiplier": .decimal, "quote_currency": .text,
                "aliases": .optional(.array(.text)),
            ] as Schema.Fields).allowingAbsence(of: ["aliases"])))

    static let instrument = Schema.object([
        "symbol": .text, "digits": .integer, "pip": .decimal, "multiplier": .decimal, "quote_currency": .text,
        "aliases": .array(.text),
    ])

    static let counts = Schema.object([
        "received": .integer, "inserted": .integer, "updated": .integer, "unchanged": .integer,
    ])

    static let run = Schema.object([
        "run_id": .optional(.text),
        "verdict": .optional(.choice(RunSummary.Verdict.allCases.map(\.rawValue))),
        "matched": .integer,
        "breaks": .object(["opened": .integer, "still_open": .integer, "resolved": .integer]),
        "guards": .optional(.anyObject), "duplicate": .boolean, "duration_ms": .integer,
    ])

    static let statement = Schema.object([
        "as_of": .timestamp, "open": .integer, "closed": .integer, "balance_movements": .integer,
        "cancelled_orders": .integer,
        "totals": .object([
            "closed_pnl": .optional(.decimal), "floating_pnl": .optional(.decimal), "balance": .optional(.decimal),
            "equity": .optional(.decimal), "margin": .optional(.decimal),
        ]),
        "run": run,
    ])

    static let signals = rows(
        ([
            "signal_id": .text, "account_id": .text, "symbol": .text, "direction": direction, "price": .decimal,
            "created_at": .timestamp, "volume": .optional(.decimal), "payload": .optional(.anyObject),
        ] as Schema.Fields).allowingAbsence(of: ["volume", "payload"]))

    static let approvals = rows(
        ([
            "approval_id": .text, "signal_id": .text, "account_id": .text,
            "decision": .choice(["approved", "rejected"]), "decided_by": .text, "decided_at": .timestamp,
            "reason": .optional(.text),
        ] as Schema.Fields).allowingAbsence(of: ["reason"]))

    static let trades = rows(
        ([
            "trade_id": .text, "account_id": .text, "symbol": .text, "direction": direction, "volume": .decimal,
            "entry_price": .decimal, "entry_time": .timestamp, "status": .choice(["open", "closed"]),
            "signal_id": .optional(.text), "approval_id": .optional(.text), "ticket": .optional(.integer),
            "reference": .optional(.text), "comment": .optional(.text), "magic": .optional(.integer),
            "take_profit": .optional(.decimal), "stop_loss": .optional(.decimal), "closed_at": .optional(.timestamp),
            "close_price": .optional(.decimal),
            "fills": .optional(
                .array(
                    .object(["fill_id": .text, "volume": .decimal, "price": .decimal, "time": .timestamp]))),
        ] as Schema.Fields).allowingAbsence(of: [
            "signal_id", "approval_id", "ticket", "reference", "comment", "magic", "take_profit", "stop_loss",
            "closed_at", "close_price", "fills",
        ]))

    static let snapshot = BodySchema(
        schema: .object(
            ([
                "account_id": .text, "as_of": .timestamp, "completeness": completeness,
                "account": .optional(.object(figures)), "positions": .array(.object(position)),
                "flows": .optional(.array(.object(flow))), "quotes": .optional(.array(.object(quote))),
                "error": .optional(.text),
            ] as Schema.Fields).allowingAbsence(of: ["account", "positions", "flows", "quotes", "error"])))

    private static let completeness = Schema.choice(["complete", "partial", "failed"])
    private static let direction = Schema.choice(["buy", "sell"])
    private static let figures =
        ([
            "balance": .optional(.decimal), "equity": .optional(.decimal), "margin": .optional(.decimal),
            "credit": .optional(.decimal),
        ] as Schema.Fields).allowingAbsence(of: ["balance", "equity", "margin", "credit"])
    private static let position =
        ([
            "ticket": .integer, "symbol": .text, "direction": direction, "volume": .decimal, "entry_price": .decimal,
            "entry_time": .timestamp, "current_price": .decimal, "take_profit": .optional(.decimal),
            "stop_loss": .optional(.decimal), "profit": .optional(.decimal), "swap": .optional(.decimal),
            "commission": .optional(.decimal), "taxes": .optional(.decimal), "comment": .optional(.text),
            "magic": .optional(.integer),
        ] as Schema.Fields).allowingAbsence(of: [
            "take_profit", "stop_loss", "profit", "swap", "commission", "taxes", "comment", "magic",
        ])
    private static let flow: Schema.Fields = [
        "flow_id": .text, "time": .timestamp, "amount": .decimal,
        "kind": .choice(["deposit", "withdrawal", "credit", "fee", "correction"]),
    ]
    private static let quote =
        ([
            "symbol": .text, "bid": .optional(.decimal), "ask": .optional(.decimal), "open": .optional(.decimal),
            "previous_close": .optional(.decimal), "time": .timestamp,
        ] as Schema.Fields).allowingAbsence(of: ["bid", "ask", "open", "previous_close"])

    private static func rows(_ fields: Schema.Fields) -> BodySchema {
        BodySchema(contentTypes: ["application/json", "application/x-ndjson"], schema: .array(.object(fields)))
    }
}
