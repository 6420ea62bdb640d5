import PluginAPI

/// The schema of runs, breaks and logs, step by step. Steps are appended, never edited.
enum ReconciliationMigrations {
    static let all: [Migration] = [runs, breaks, logs, life, retention, logPartitions, counts]

    private static let runs = Migration(
        number: 1,
        name: "runs and what each account's runs add up to",
        up: """
            CREATE TABLE reconciliation_accounts (
                account_id {TEXT} PRIMARY KEY,
                runs_total {BIGINT} NOT NULL,
                last_sync_at {TIMESTAMP},
                last_duration_ms {BIGINT},
                pending_breaks {BIGINT} NOT NULL,
                open_breaks {BIGINT} NOT NULL,
                acknowledged_breaks {BIGINT} NOT NULL
            );
            CREATE TABLE runs (
                run_id {TEXT} PRIMARY KEY,
                account_id {TEXT} NOT NULL,
                run_number {BIGINT} NOT NULL,
                snapshot_id {TEXT} NOT NULL,
                snapshot_sequence {BIGINT} NOT NULL,
                rerun {BIGINT} NOT NULL,
                as_of {TIMESTAMP} NOT NULL,
                ran_at {TIMESTAMP} NOT NULL,
                completeness {TEXT} NOT NULL,
                verdict {TEXT} NOT NULL,
                pairs {BIGINT} NOT NULL,
                ours_rows {BIGINT} NOT NULL,
                ours_matched {BIGINT} NOT NULL,
                ours_unmatched {BIGINT} NOT NULL,
                ours_pending {BIGINT} NOT NULL,
                ours_duplicate {BIGINT} NOT NULL,
                broker_rows {BIGINT} NOT NULL,
                broker_matched {BIGINT} NOT NULL,
                broker_unmatched {BIGINT} NOT NULL,
                broker_pending {BIGINT} NOT NULL,
                broker_duplicate {BIGINT} NOT NULL,
                breaks_opened {BIGINT} NOT NULL,
                breaks_still_open {BIGINT} NOT NULL,
                breaks_resolved {BIGINT} NOT NULL,
                breaks_pending {BIGINT} NOT NULL,
                duration_ms {BIGINT} NOT NULL,
                digest {TEXT},
                policy_revision {TEXT} NOT NULL
            );
            CREATE INDEX runs_by_time ON runs (account_id, ran_at, run_number);
            """,
        down: """
            DROP TABLE runs;
            DROP TABLE reconciliation_accounts;
            """
    )

    private static let breaks = Migration(
        number: 2,
        name: "breaks and their events",
        up: """
            CREATE TABLE breaks (
                break_id {TEXT} PRIMARY KEY,
                account_id {TEXT} NOT NULL,
                break_key {TEXT} NOT NULL,
                class {TEXT} NOT NULL,
                severity {TEXT} NOT NULL,
                severity_rank {BIGINT} NOT NULL,
                status {TEXT} NOT NULL CHECK (status IN ('pending', 'open', 'acknowledged', 'resolved')),
                resolution {TEXT},
                symbol {TEXT} NOT NULL,
                trade_id {TEXT},
                ticket {BIGINT},
                differences {TEXT} NOT NULL,
                first_seen_at {TIMESTAMP} NOT NULL,
                last_seen_at {TIMESTAMP} NOT NULL,
                times_seen {BIGINT} NOT NULL,
                noticed_at {TIMESTAMP} NOT NULL,
                due_at {TIMESTAMP} NOT NULL,
                opened_at {TIMESTAMP},
                resolved_at {TIMESTAMP},
                snoozed_until {TIMESTAMP},
                acknowledged_until {TIMESTAMP},
                baseline_class {TEXT},
                baseline_differences {TEXT},
                last_snapshot_id {TEXT} NOT NULL,
                events_total {BIGINT} NOT NULL
            );
            CREATE INDEX breaks_live ON breaks (account_id, severity_rank, first_seen_at, break_id)
                WHERE status <> 'resolved';
            CREATE INDEX breaks_by_account ON breaks (account_id, severity_rank, first_seen_at, break_id);
            CREATE TABLE break_events (
                event_id {TEXT} PRIMARY KEY,
                break_id {TEXT} NOT NULL,
                account_id {TEXT} NOT NULL,
                sequence {BIGINT} NOT NULL,
                at {TIMESTAMP} NOT NULL,
                event {TEXT} NOT NULL,
                from_status {TEXT},
                to_status {TEXT} NOT NULL,
                actor {TEXT} NOT NULL,
                note {TEXT},
                run_id {TEXT}
            );
            CREATE INDEX break_events_by_break ON break_events (break_id, sequence);
            """,
        down: """
            DROP TABLE break_events;
            DROP TABLE breaks;
            """
    )

    private static let logs = Migration(
        number: 3,
        name: "reconciliation logs",
        up: """
            CREATE TABLE reconciliation_logs (
                log_id {TEXT} PRIMARY KEY,
                account_id {TEXT} NOT NULL,
                at {TIMESTAMP} NOT NULL,
                run_id {TEXT},
                sequence {BIGINT} NOT NULL,
                kind {TEXT} NOT NULL,
                event_type {TEXT} NOT NULL,
                divergence_reason {TEXT},
                symbol {TEXT},
                ticket {BIGINT},
                trade_id {TEXT},
                break_id {TEXT},
                description {TEXT} NOT NULL,
                metadata {JSON} NOT NULL
            );
            CREATE INDEX reconciliation_logs_by_time ON reconciliation_logs (account_id, at, sequence, log_id);
            """,
        down: "DROP TABLE reconciliation_logs;"
    )

    private static let life = Migration(
        number: 4,
        name: "when time changes a break, and what each step of its life says",
        up: """
            ALTER TABLE breaks ADD COLUMN wake_at {TIMESTAMP};
            UPDATE breaks SET wake_at = due_at WHERE status = 'pending';
            CREATE INDEX breaks_due ON breaks (wake_at, account_id) WHERE wake_at IS NOT NULL;
            ALTER TABLE break_events ADD COLUMN resolution {TEXT};
            ALTER TABLE break_events ADD COLUMN valid_until {TIMESTAMP};
            """,
        down: """
            ALTER TABLE break_events DROP COLUMN valid_until;
            ALTER TABLE break_events DROP COLUMN resolution;
            DROP INDEX breaks_due;
            ALTER TABLE breaks DROP COLUMN wake_at;
            """
    )

    private static let retention = Migration(
        number: 5,
        name: "what is oldest of resolved breaks and logs",
        up: """
            CREATE INDEX breaks_by_resolution ON breaks (resolved_at, break_id) WHERE status = 'resolved';
            CREATE INDEX reconciliation_logs_by_age ON reconciliation_logs (at);
            """,
        down: """
            DROP INDEX reconciliation_logs_by_age;
            DROP INDEX breaks_by_resolution;
            """
    )

    /// Without it SQLite sorts all live breaks in memory, which takes as much as a whole host otherwise does.
    private static let counts = Migration(
        number: 7,
        name: "how many breaks there are, by class and status",
        up: "CREATE INDEX breaks_by_class ON breaks (class, status, first_seen_at) WHERE status <> 'resolved';",
        down: "DROP INDEX breaks_by_class;"
    )
}
