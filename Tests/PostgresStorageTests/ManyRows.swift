import PluginAPI

/// Enough rows of every list that a plan has a reason to use an index: those of account `acc` and of forty others.
enum ManyRows {
    struct Table {
        let insert: String
        let rows: [[Value]]

        /// - Parameter row: The values of row `number` of an account; `at` is its moment, over the last ninety days.
        init(_ name: String, _ columns: String, _ row: (_ account: String, _ number: Int, _ at: Timestamp) -> [Value]) {
            let marks = columns.split(separator: ",").map { _ in "?" }.joined(separator: ", ")
            insert = "INSERT INTO \(name) (\(columns)) VALUES (\(marks))"
            rows = ManyRows.accounts.flatMap { account in
                let total = account == "acc" ? 2_000 : 200
                return (0..<total).map { number in
                    row(account, number, ManyRows.now - .seconds(86_400 * 90 / total * number))
                }
            }
        }
    }

    static let now = Timestamp(parsing: "2026-01-05T10:00:00Z") ?? Timestamp(seconds: 0)
    private static let accounts = ["acc"] + (0..<40).map { "other-\($0)" }

    static let tables: [Table] = [
        Table("users", "user_id, created_at") { account, number, at in [.text("\(account)-\(number)"), .timestamp(at)]
        },
        accountRows, positions, logs, breaks, events, runs, trips, leftOpen,
        commands,
    ]

    private static var accountRows: Table {
        Table("accounts", "account_id, user_id, mode, currency, currency_digits, created_at, updated_at") {
            account, number, at in
            let id = number == 0 ? account : "\(account)-\(number)"
            return [
                .text(id), .text("\(account)-\(number)"), .text("hedging"), .text("USD"), .integer(2), .timestamp(at),
                .timestamp(at),
            ]
        }
    }

    private static var positions: Table {
        Table(
            "positions",
            "position_id, account_id, ticket, symbol, broker_symbol, digits, direction, volume, entry_price, entry_time, "
                + "current_price, profit, swap, commission, taxes, unrealized_pnl, status, last_updated_at, closed_at"
        ) { account, number, at in
            let isOpen = number % 20 == 0
            return [
                .text("p-\(account)-\(number)"), .text(account), .integer(Int64(number + 1)), .text("EURUSD"),
                .text("EURUSD"), .integer(5), .text("buy"), .decimal("0.1"), .decimal("1.1"), .timestamp(at),
                .decimal("1.2"), .decimal("1"), .decimal("0"), .decimal("0"), .decimal("0"), .decimal("1"),
                .text(isOpen ? "open" : "closed"), .timestamp(at), isOpen ? .null : .timestamp(at),
            ]
        }
    }

    private static var logs: Table {
        Table(
            "reconciliation_logs", "log_id, account_id, at, sequence, kind, event_type, description, metadata"
        ) { account, number, at in
            [
                .text("l-\(account)-\(number)"), .text(account), .timestamp(at), .integer(Int64(number)), .text("sync"),
                .text("position_synced"), .text("x"), .json("{}"),
            ]
        }
    }

    private static var breaks: Table {
        Table(
            "breaks",
            "break_id, account_id, break_key, class, severity, severity_rank, status, symbol, differences, first_seen_at, "
                + "last_seen_at, times_seen, noticed_at, due_at, last_snapshot_id, events_total"
        ) { account, number, at in
            [
                .text("\(account)-\(number)"), .text(account), .text("k"), .text("missing_at_broker"),
                .text("critical"),
                .integer(Int64(number % 4)), .text(number % 2 == 0 ? "open" : "resolved"), .text("EURUSD"), .text("[]"),
                .timestamp(at), .timestamp(at), .integer(1), .timestamp(at), .timestamp(at), .text("s"), .integer(1),
            ]
        }
    }

    private static var events: Table {
        Table("break_events", "event_id, break_id, account_id, sequence, at, event, to_status, actor") {
            account, number, at in
            [
                .text("e-\(account)-\(number)"), .text("\(account)-\(number)"), .text(account), .integer(1),
                .timestamp(at), .text("opened"), .text("open"), .text("system"),
            ]
        }
    }

    private static var runs: Table {
        let sides = ["ours", "broker"].flatMap { side in
            ["rows", "matched", "unmatched", "pending", "duplicate"].map { "\(side)_\($0)" }
        }
        let counts = sides + ["breaks_opened", "breaks_still_open", "breaks_resolved", "breaks_pending", "duration_ms"]
        return Table(
            "runs",
            "run_id, account_id, run_number, snapshot_id, snapshot_sequence, rerun, as_of, ran_at, completeness, verdict, "
                + "pairs, policy_revision, " + counts.joined(separator: ", ")
        ) { account, number, at in
            [
                .text("r-\(account)-\(number)"), .text(account), .integer(Int64(number)), .text("s"), .integer(1),
                .integer(0), .timestamp(at), .timestamp(at), .text("complete"), .text("reconciled"), .integer(1),
                .text("x"),
            ] + counts.map { _ in Value.integer(0) }
        }
    }

    private static var trips: Table {
        Table("guard_trips", "trip_id, account_id, guard, reason, act, tripped_at, snapshot_id") {
            account, number, at in
            [
                .text("t-\(account)-\(number)"), .text(account), .text("drawdown"), .text("drawdown"), .text("close"),
                .timestamp(at), .text("s"),
            ]
        }
    }

    private static var leftOpen: Table {
        Table("guard_left_open", "trip_id, ticket, is_left, times") { account, number, _ in
            [.text("t-\(account)-\(number)"), .integer(Int64(number + 1)), .boolean(true), .integer(1)]
        }
    }

    private static var commands: Table {
        Table(
            "close_commands",
            "command_id, account_id, trip_id, ticket, volume, reason, status, created_at, expires_at, ended_at"
        ) { account, number, at in
            [
                .text("c-\(account)-\(number)"), .text(account), .text("t-\(account)-\(number)"),
                .integer(Int64(number + 1)), .decimal("0.1"), .text("drawdown"), .text("confirmed"), .timestamp(at),
                .timestamp(at), .timestamp(at),
            ]
        }
    }
}
