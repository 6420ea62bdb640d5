import PluginAPI

extension ReconciliationMigrations {
    /// On PostgreSQL the log becomes a table in partitions by month. A month that has rows gets its partition here; months to
    /// come are made while a host runs. Whatever no month takes goes into the default partition, so that no insert fails.
    /// A partitioned table's key must hold what it is partitioned by, hence `at` in it.
    static let logPartitions = Migration(
        number: 6,
        name: "reconciliation logs in partitions by month on PostgreSQL",
        up: """
            {POSTGRES}
            ALTER TABLE reconciliation_logs RENAME TO reconciliation_logs_whole;
            ALTER INDEX reconciliation_logs_pkey RENAME TO reconciliation_logs_whole_pkey;
            ALTER INDEX reconciliation_logs_by_time RENAME TO reconciliation_logs_whole_by_time;
            ALTER INDEX reconciliation_logs_by_age RENAME TO reconciliation_logs_whole_by_age;
            CREATE TABLE reconciliation_logs (
            \(columns),
                PRIMARY KEY (log_id, at)
            ) PARTITION BY RANGE (at);
            CREATE TABLE reconciliation_logs_default PARTITION OF reconciliation_logs DEFAULT;
            DO $body$
            DECLARE
                month timestamptz;
            BEGIN
                FOR month IN SELECT DISTINCT date_trunc('month', at, 'UTC') FROM reconciliation_logs_whole ORDER BY 1 LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF reconciliation_logs FOR VALUES FROM (%L) TO (%L)',
                        'reconciliation_logs_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM'), month,
                        (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
                END LOOP;
            END $body$;
            INSERT INTO reconciliation_logs SELECT \(names) FROM reconciliation_logs_whole;
            DROP TABLE reconciliation_logs_whole;
            \(indexes)
            {END}
            """,
        down: """
            {POSTGRES}
            ALTER TABLE reconciliation_logs RENAME TO reconciliation_logs_months;
            ALTER INDEX reconciliation_logs_pkey RENAME TO reconciliation_logs_months_pkey;
            ALTER INDEX reconciliation_logs_by_time RENAME TO reconciliation_logs_months_by_time;
            ALTER INDEX reconciliation_logs_by_age RENAME TO reconciliation_logs_months_by_age;
            CREATE TABLE reconciliation_logs (
            \(columns),
                PRIMARY KEY (log_id)
            );
            INSERT INTO reconciliation_logs SELECT \(names) FROM reconciliation_logs_months;
            DROP TABLE reconciliation_logs_months;
            \(indexes)
            {END}
            """
    )

    private static let columns = """
            log_id {TEXT} NOT NULL,
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
        """

    private static let names = """
        log_id, account_id, at, run_id, sequence, kind, event_type, divergence_reason, symbol, ticket, trade_id, break_id, \
        description, metadata
        """

    private static let indexes = """
        CREATE INDEX reconciliation_logs_by_time ON reconciliation_logs (account_id, at, sequence, log_id);
        CREATE INDEX reconciliation_logs_by_age ON reconciliation_logs (at);
        """
}
