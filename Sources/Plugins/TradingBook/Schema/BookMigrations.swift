import PluginAPI

/// The schema of the shared record, step by step. Steps are appended, never edited.
enum BookMigrations {
    static let all: [Migration] = [
        accounts, instruments, botBook, brokerBook, requests, statements, retention, namedTickets, settlement,
        namedTicketRows, revisions, fewerIndices, outbox, queuedEvents,
    ]

    private static let accounts = Migration(
        number: 1,
        name: "users and accounts",
        up: """
            CREATE TABLE users (
                user_id {TEXT} PRIMARY KEY,
                created_at {TIMESTAMP} NOT NULL,
                disabled_at {TIMESTAMP}
            );
            CREATE TABLE accounts (
                account_id {TEXT} PRIMARY KEY,
                user_id {TEXT} NOT NULL REFERENCES users (user_id),
                mode {TEXT} NOT NULL CHECK (mode IN ('hedging', 'netting')),
                currency {TEXT} NOT NULL,
                currency_digits {BIGINT} NOT NULL,
                time_zone {TEXT},
                broker {TEXT},
                login {TEXT},
                snapshot_interval {BIGINT},
                snapshots_total {BIGINT} NOT NULL DEFAULT 0,
                current_snapshot_id {TEXT},
                current_as_of {TIMESTAMP},
                current_equity {DECIMAL},
                current_balance {DECIMAL},
                newest_completeness {TEXT},
                newest_as_of {TIMESTAMP},
                newest_error {TEXT},
                newest_received_at {TIMESTAMP},
                created_at {TIMESTAMP} NOT NULL,
                updated_at {TIMESTAMP} NOT NULL
            );
            CREATE INDEX accounts_by_user ON accounts (user_id, account_id);
            """,
        down: """
            DROP TABLE accounts;
            DROP TABLE users;
            """
    )

    private static let instruments = Migration(
        number: 2,
        name: "instruments",
        up: """
            CREATE TABLE instruments (
                symbol {TEXT} PRIMARY KEY,
                digits {BIGINT} NOT NULL,
                pip {DECIMAL} NOT NULL,
                multiplier {DECIMAL} NOT NULL,
                quote_currency {TEXT} NOT NULL,
                updated_at {TIMESTAMP} NOT NULL
            );
            CREATE TABLE instrument_aliases (
                alias {TEXT} PRIMARY KEY,
                symbol {TEXT} NOT NULL REFERENCES instruments (symbol) ON DELETE CASCADE
            );
            CREATE TABLE observed_digits (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                symbol {TEXT} NOT NULL,
                digits {BIGINT} NOT NULL,
                PRIMARY KEY (account_id, symbol)
            );
            """,
        down: """
            DROP TABLE observed_digits;
            DROP TABLE instrument_aliases;
            DROP TABLE instruments;
            """
    )

    private static let botBook = Migration(
        number: 3,
        name: "signals, approvals and trades",
        up: """
            CREATE TABLE signals (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                signal_id {TEXT} NOT NULL,
                symbol {TEXT} NOT NULL,
                direction {TEXT} NOT NULL,
                price {DECIMAL} NOT NULL,
                volume {DECIMAL},
                payload {JSON},
                created_at {TIMESTAMP} NOT NULL,
                PRIMARY KEY (account_id, signal_id)
            );
            CREATE TABLE approvals (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                approval_id {TEXT} NOT NULL,
                signal_id {TEXT} NOT NULL,
                decision {TEXT} NOT NULL,
                decided_by {TEXT} NOT NULL,
                decided_at {TIMESTAMP} NOT NULL,
                reason {TEXT},
                PRIMARY KEY (account_id, approval_id)
            );
            CREATE TABLE trades (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                trade_id {TEXT} NOT NULL,
                symbol {TEXT} NOT NULL,
                instrument {TEXT} NOT NULL,
                direction {TEXT} NOT NULL,
                volume {DECIMAL} NOT NULL,
                entry_price {DECIMAL} NOT NULL,
                entry_time {TIMESTAMP} NOT NULL,
                status {TEXT} NOT NULL CHECK (status IN ('open', 'closed')),
                signal_id {TEXT},
                approval_id {TEXT},
                ticket {BIGINT},
                reference {TEXT},
                comment {TEXT},
                magic {BIGINT},
                take_profit {DECIMAL},
                stop_loss {DECIMAL},
                closed_at {TIMESTAMP},
                close_price {DECIMAL},
                fills {JSON},
                created_at {TIMESTAMP} NOT NULL,
                updated_at {TIMESTAMP} NOT NULL,
                PRIMARY KEY (account_id, trade_id)
            );
            CREATE INDEX trades_open ON trades (account_id, trade_id) WHERE status = 'open';
            CREATE INDEX trades_by_ticket ON trades (account_id, ticket) WHERE ticket IS NOT NULL;
            """,
        down: """
            DROP TABLE trades;
            DROP TABLE approvals;
            DROP TABLE signals;
            """
    )

    private static let brokerBook = Migration(
        number: 4,
        name: "snapshots, positions, flows and quotes",
        up: """
            CREATE TABLE snapshots (
                snapshot_id {TEXT} PRIMARY KEY,
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                sequence {BIGINT} NOT NULL,
                as_of {TIMESTAMP} NOT NULL,
                received_at {TIMESTAMP} NOT NULL,
                completeness {TEXT} NOT NULL,
                is_superseded {BOOLEAN} NOT NULL,
                content_hash {TEXT} NOT NULL,
                content {JSON} NOT NULL,
                positions_count {BIGINT} NOT NULL,
                balance {DECIMAL},
                equity {DECIMAL},
                margin {DECIMAL},
                credit {DECIMAL},
                peak {DECIMAL},
                error {TEXT},
                reruns {BIGINT} NOT NULL DEFAULT 0,
                answer {JSON} NOT NULL,
                UNIQUE (account_id, content_hash)
            );
            CREATE UNIQUE INDEX snapshots_by_sequence ON snapshots (account_id, sequence);
            CREATE INDEX snapshots_by_time ON snapshots (account_id, as_of, sequence);
            CREATE TABLE positions (
                position_id {TEXT} PRIMARY KEY,
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                ticket {BIGINT} NOT NULL,
                symbol {TEXT} NOT NULL,
                broker_symbol {TEXT} NOT NULL,
                digits {BIGINT} NOT NULL,
                direction {TEXT} NOT NULL,
                volume {DECIMAL} NOT NULL,
                entry_price {DECIMAL} NOT NULL,
                entry_time {TIMESTAMP} NOT NULL,
                current_price {DECIMAL} NOT NULL,
                take_profit {DECIMAL},
                stop_loss {DECIMAL},
                profit {DECIMAL} NOT NULL,
                swap {DECIMAL} NOT NULL,
                commission {DECIMAL} NOT NULL,
                taxes {DECIMAL} NOT NULL,
                unrealized_pnl {DECIMAL} NOT NULL,
                comment {TEXT},
                magic {BIGINT},
                status {TEXT} NOT NULL CHECK (status IN ('open', 'closed')),
                matched_trade_id {TEXT},
                last_updated_at {TIMESTAMP} NOT NULL,
                closed_at {TIMESTAMP},
                close_price {DECIMAL},
                realized_pnl {DECIMAL},
                close_reason {TEXT},
                UNIQUE (account_id, ticket)
            );
            CREATE INDEX positions_open ON positions (account_id, entry_time, ticket) WHERE status = 'open';
            CREATE INDEX positions_closed ON positions (account_id, closed_at, ticket) WHERE status = 'closed';
            CREATE TABLE flows (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                flow_id {TEXT} NOT NULL,
                time {TIMESTAMP} NOT NULL,
                amount {DECIMAL} NOT NULL,
                kind {TEXT} NOT NULL,
                is_applied {BOOLEAN} NOT NULL,
                PRIMARY KEY (account_id, flow_id)
            );
            CREATE INDEX flows_unapplied ON flows (account_id, time, flow_id) WHERE NOT is_applied;
            CREATE TABLE quotes (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                symbol {TEXT} NOT NULL,
                broker_symbol {TEXT} NOT NULL,
                digits {BIGINT} NOT NULL,
                bid {DECIMAL},
                ask {DECIMAL},
                open_price {DECIMAL},
                previous_close {DECIMAL},
                time {TIMESTAMP} NOT NULL,
                PRIMARY KEY (account_id, symbol)
            );
            """,
        down: """
            DROP TABLE quotes;
            DROP TABLE flows;
            DROP TABLE positions;
            DROP TABLE snapshots;
            """
    )

    private static let requests = Migration(
        number: 5,
        name: "idempotency keys and audit log",
        up: """
            CREATE TABLE idempotency_keys (
                subject {TEXT} NOT NULL,
                route {TEXT} NOT NULL,
                key {TEXT} NOT NULL,
                body_hash {TEXT} NOT NULL,
                answer {TEXT} NOT NULL,
                created_at {TIMESTAMP} NOT NULL,
                PRIMARY KEY (subject, route, key)
            );
            CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
            CREATE TABLE audit_logs (
                audit_id {TEXT} PRIMARY KEY,
                at {TIMESTAMP} NOT NULL,
                actor {TEXT} NOT NULL,
                action {TEXT} NOT NULL,
                object {TEXT} NOT NULL,
                before {JSON},
                after {JSON},
                request_id {TEXT} NOT NULL,
                digest {TEXT} NOT NULL
            );
            CREATE INDEX audit_logs_by_time ON audit_logs (at, audit_id);
            """,
        down: """
            DROP TABLE audit_logs;
            DROP TABLE idempotency_keys;
            """
    )

    private static let statements = Migration(
        number: 6,
        name: "statements taken, and when a position was last listed",
        up: """
            CREATE TABLE statements (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                content_hash {TEXT} NOT NULL,
                as_of {TIMESTAMP} NOT NULL,
                received_at {TIMESTAMP} NOT NULL,
                run {JSON} NOT NULL,
                PRIMARY KEY (account_id, content_hash)
            );
            ALTER TABLE positions ADD COLUMN last_listed_at {TIMESTAMP};
            UPDATE positions SET last_listed_at = last_updated_at WHERE status = 'open';
            """,
        down: """
            ALTER TABLE positions DROP COLUMN last_listed_at;
            DROP TABLE statements;
            """
    )

    private static let retention = Migration(
        number: 7,
        name: "jobs that one host does for all, and which snapshots still have their content",
        up: """
            CREATE TABLE jobs (
                job {TEXT} PRIMARY KEY,
                holder {TEXT} NOT NULL,
                leased_until {TIMESTAMP} NOT NULL,
                due_at {TIMESTAMP} NOT NULL
            );
            ALTER TABLE snapshots ADD COLUMN is_content_kept {BOOLEAN} NOT NULL DEFAULT TRUE;
            CREATE INDEX snapshots_by_arrival ON snapshots (received_at, snapshot_id) WHERE is_content_kept;
            """,
        down: """
            DROP INDEX snapshots_by_arrival;
            ALTER TABLE snapshots DROP COLUMN is_content_kept;
            DROP TABLE jobs;
            """
    )

    /// A row from before gets 0: which tickets its comment names, whoever asks must read in it.
    private static let namedTickets = Migration(
        number: 8,
        name: "which trades name a position by its ticket or its comment",
        up: """
            ALTER TABLE trades ADD COLUMN named_ticket {BIGINT};
            UPDATE trades SET named_ticket = 0 WHERE comment IS NOT NULL;
            CREATE INDEX trades_closed_by_named_ticket ON trades (account_id, named_ticket)
                WHERE status = 'closed' AND named_ticket IS NOT NULL;
            CREATE INDEX trades_closed_by_reference ON trades (account_id, reference)
                WHERE status = 'closed' AND reference IS NOT NULL;
            """,
        down: """
            DROP INDEX trades_closed_by_reference;
            DROP INDEX trades_closed_by_named_ticket;
            ALTER TABLE trades DROP COLUMN named_ticket;
            """
    )

    /// Of positions closed before, the reason tells who closed them; what a statement has since made of a report cannot be
    /// told any more, so the next statement may still correct it.
    private static let settlement = Migration(
        number: 9,
        name: "whose word a closed position's price and P/L are",
        up: """
            ALTER TABLE positions ADD COLUMN settled_by {TEXT} CHECK (settled_by IN ('report', 'statement'));
            UPDATE positions SET settled_by =
                CASE WHEN close_reason IN ('drawdown', 'market_gap', 'market_liquidity') THEN 'report'
                    ELSE 'statement' END
                WHERE status = 'closed' AND close_price IS NOT NULL;
            """,
        down: "ALTER TABLE positions DROP COLUMN settled_by;"
    )

    /// Reads comments as `NamedTickets` does: `rest` is what follows a `#`, or a comment of nothing but digits. Trimming
    /// every character but `#` leads to the next one in both dialects.
    private static let namedTicketRows = Migration(
        number: 10,
        name: "every ticket that the comment of a closed trade names",
        up: """
            CREATE TABLE trade_named_tickets (
                account_id {TEXT} NOT NULL REFERENCES accounts (account_id),
                ticket {BIGINT} NOT NULL,
                trade_id {TEXT} NOT NULL,
                PRIMARY KEY (account_id, ticket, trade_id)
            );
            INSERT INTO trade_named_tickets (account_id, ticket, trade_id)
                WITH RECURSIVE named (account_id, trade_id, rest) AS (
                    SELECT account_id, trade_id, substr(ltrim(comment, replace(comment, '#', '')), 2)
                    FROM trades WHERE status = 'closed' AND comment LIKE '%#%'
                    UNION ALL
                    SELECT account_id, trade_id, substr(ltrim(rest, replace(rest, '#', '')), 2)
                    FROM named WHERE rest LIKE '%#%'
                ), beginnings (account_id, trade_id, digits) AS (
                    SELECT account_id, trade_id, substr(rest, 1, length(rest) - length(ltrim(rest, '0123456789')))
                    FROM named
                    UNION ALL
                    SELECT account_id, trade_id, comment FROM trades
                    WHERE status = 'closed' AND comment IS NOT NULL AND ltrim(comment, '0123456789') = ''
                )
                SELECT DISTINCT account_id, CAST(digits AS {BIGINT}), trade_id FROM beginnings
                WHERE ltrim(digits, '0') <> '' AND length(digits) <= 19
                    AND (length(digits) < 19 OR digits <= '9223372036854775807');
            DROP INDEX trades_closed_by_named_ticket;
            ALTER TABLE trades DROP COLUMN named_ticket;
            """,
        down: """
            ALTER TABLE trades ADD COLUMN named_ticket {BIGINT};
            UPDATE trades SET named_ticket = 0 WHERE comment IS NOT NULL;
            CREATE INDEX trades_closed_by_named_ticket ON trades (account_id, named_ticket)
                WHERE status = 'closed' AND named_ticket IS NOT NULL;
            DROP TABLE trade_named_tickets;
            """
    )

    /// Going back and forth gives instruments a revision that no host has seen.
    private static let revisions = Migration(
        number: 11,
        name: "by which a host knows that an account's book is still the one it has read",
        up: """
            ALTER TABLE accounts ADD COLUMN book_revision {BIGINT} NOT NULL DEFAULT 0;
            CREATE TABLE book_revisions (
                book {TEXT} PRIMARY KEY,
                revision {BIGINT} NOT NULL
            );
            {SQLITE}INSERT INTO book_revisions (book, revision) VALUES ('instruments', abs(random() / 2));{END}
            {POSTGRES}INSERT INTO book_revisions (book, revision)
                VALUES ('instruments', CAST(random() * 9000000000000000000 AS bigint));{END}
            """,
        down: """
            DROP TABLE book_revisions;
            ALTER TABLE accounts DROP COLUMN book_revision;
            """
    )

    /// Nothing looks a snapshot up by its number; that each number is given once is the account row's lock's doing.
    private static let fewerIndices = Migration(
        number: 12,
        name: "no index of snapshots by number",
        up: "DROP INDEX snapshots_by_sequence;",
        down: "CREATE UNIQUE INDEX snapshots_by_sequence ON snapshots (account_id, sequence);"
    )
}
