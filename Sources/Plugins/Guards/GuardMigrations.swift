import PluginAPI

/// The guards' schema, step by step. Steps are appended, never edited.
enum GuardMigrations {
    static let all: [Migration] = [states]

    private static let states = Migration(
        number: 1,
        name: "guard states, watched symbols and trips",
        up: """
            CREATE TABLE guard_states (
                account_id {TEXT} PRIMARY KEY REFERENCES accounts (account_id),
                state {TEXT} NOT NULL CHECK (state IN ('ok', 'warning', 'tripped', 'unknown')),
                peak {DECIMAL},
                peak_at {TIMESTAMP},
                equity {DECIMAL},
                equity_at {TIMESTAMP},
                pending_rise {DECIMAL},
                trip_id {TEXT},
                trip_cause {TEXT},
                tripped_at {TIMESTAMP},
                liquidation_at {TIMESTAMP},
                snapshot_id {TEXT} NOT NULL,
                last_checked_at {TIMESTAMP},
                market_checked_at {TIMESTAMP}
            );
            CREATE TABLE guard_symbols (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                symbol {TEXT} NOT NULL,
                price_gap_at {TIMESTAMP},
                liquidity_crisis_at {TIMESTAMP},
                PRIMARY KEY (account_id, symbol)
            );
            CREATE TABLE guard_trips (
                trip_id {TEXT} PRIMARY KEY,
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                guard {TEXT} NOT NULL CHECK (guard IN ('drawdown', 'market')),
                reason {TEXT} NOT NULL,
                symbol {TEXT},
                act {TEXT} NOT NULL,
                value_pct {DECIMAL},
                limit_pct {DECIMAL},
                min_equity {DECIMAL},
                equity {DECIMAL},
                peak {DECIMAL},
                tripped_at {TIMESTAMP} NOT NULL,
                liquidation_at {TIMESTAMP},
                snapshot_id {TEXT} NOT NULL,
                run_id {TEXT},
                released_at {TIMESTAMP},
                released_by {TEXT},
                release_note {TEXT}
            );
            CREATE INDEX guard_trips_by_time ON guard_trips (account_id, tripped_at, trip_id);
            """,
        down: """
            DROP TABLE guard_trips;
            DROP TABLE guard_symbols;
            DROP TABLE guard_states;
            """
    )
}
