import PluginAPI

/// The guards' schema, step by step. Steps are appended, never edited.
enum GuardMigrations {
    static let all: [Migration] = [states, closeCommands, leftOpen]

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

    private static let closeCommands = Migration(
        number: 2,
        name: "close commands, and when time alone changes an account",
        up: """
            CREATE TABLE close_commands (
                command_id {TEXT} PRIMARY KEY,
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                trip_id {TEXT} NOT NULL REFERENCES guard_trips (trip_id),
                ticket {BIGINT} NOT NULL,
                volume {DECIMAL} NOT NULL,
                reason {TEXT} NOT NULL CHECK (reason IN ('drawdown', 'market_gap', 'market_liquidity')),
                status {TEXT} NOT NULL CHECK (status IN ('pending', 'leased', 'confirmed', 'failed', 'expired')),
                created_at {TIMESTAMP} NOT NULL,
                expires_at {TIMESTAMP} NOT NULL,
                agent {TEXT},
                leased_until {TIMESTAMP},
                ended_at {TIMESTAMP},
                close_price {DECIMAL},
                closed_at {TIMESTAMP},
                realized_pnl {DECIMAL},
                detail {TEXT},
                UNIQUE (trip_id, ticket)
            );
            CREATE UNIQUE INDEX close_commands_live ON close_commands (account_id, ticket) WHERE ended_at IS NULL;
            CREATE INDEX close_commands_by_account ON close_commands (account_id, created_at, ticket, command_id);
            CREATE INDEX close_commands_leased ON close_commands (leased_until, account_id) WHERE status = 'leased';
            CREATE INDEX close_commands_pending ON close_commands (expires_at, account_id) WHERE status = 'pending';
            ALTER TABLE guard_trips ADD COLUMN commands_at {TIMESTAMP};
            CREATE INDEX guard_trips_due ON guard_trips (liquidation_at, account_id)
                WHERE commands_at IS NULL AND released_at IS NULL;
            ALTER TABLE guard_states ADD COLUMN stale_from {TIMESTAMP};
            CREATE INDEX guard_states_stale ON guard_states (stale_from, account_id);
            """,
        down: """
            DROP INDEX guard_states_stale;
            ALTER TABLE guard_states DROP COLUMN stale_from;
            DROP INDEX guard_trips_due;
            ALTER TABLE guard_trips DROP COLUMN commands_at;
            DROP TABLE close_commands;
            """
    )

    private static let leftOpen = Migration(
        number: 3,
        name: "positions that stay open under a trip whose commands were written",
        up: """
            CREATE TABLE guard_left_open (
                trip_id {TEXT} NOT NULL REFERENCES guard_trips (trip_id),
                ticket {BIGINT} NOT NULL,
                is_left {BOOLEAN} NOT NULL,
                times {BIGINT} NOT NULL,
                PRIMARY KEY (trip_id, ticket)
            );
            CREATE INDEX close_commands_by_ticket ON close_commands (account_id, ticket);
            """,
        down: """
            DROP INDEX close_commands_by_ticket;
            DROP TABLE guard_left_open;
            """
    )
}
