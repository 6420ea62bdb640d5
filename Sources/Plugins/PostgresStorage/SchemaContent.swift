import PluginAPI

/// Statements about everything in the schema Concord uses, the current one.
enum SchemaContent {
    /// One row: the schema, the server's version, its major version, and the search path as it is set.
    static let about: SQL = """
        SELECT current_schema()::text AS name, current_setting('server_version') AS version,
            current_setting('server_version_num')::bigint / 10000 AS major, current_setting('search_path') AS path
        """

    private static let inSchema = "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"

    /// Tables by name. A partition belongs to its table.
    static let tables = SQL(parts: [
        .text(
            """
            SELECT relname::text AS name FROM pg_class
            WHERE relnamespace = \(inSchema) AND relkind IN ('r', 'p') AND NOT relispartition
            ORDER BY relname COLLATE "C"
            """)
    ])

    /// Other clients' sessions in the database, by the name they give themselves.
    ///
    /// Of other roles' sessions the server may not say what kind they are; only its own have no role.
    static let sessions: SQL = """
        SELECT coalesce(nullif(application_name, ''), 'without a name') AS name, count(*) AS total FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND (backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL)
        GROUP BY 1 ORDER BY 1
        """

    /// Lets the next look at sessions see those of now, in the same transaction.
    static let lookAnew = "SELECT pg_stat_clear_snapshot()"

    /// Counts a table's rows and digests them so that their order does not matter: the SHA-256 of each row as text, added up
    /// in four lanes of 64 bits.
    static func digest(of table: String) -> SQL {
        let lanes = (0..<4).map { "sum(('x' || substr(digest, \($0 * 16 + 1), 16))::bit(64)::bigint)" }
        return SQL(parts: [
            .text(
                """
                SELECT count(*) AS rows_total, encode(sha256(convert_to(
                    concat_ws(':', count(*), \(lanes.joined(separator: ", "))), 'UTF8')), 'hex') AS digest
                FROM (
                    SELECT encode(sha256(convert_to(concord_row::text, 'UTF8')), 'hex') AS digest
                    FROM \(quoted(table)) AS concord_row OFFSET 0
                ) AS digests
                """)
        ])
    }

    /// Keeps every table from being changed in its shape or dropped until the transaction ends; rows may be written.
    static func lock(_ tables: [String]) -> String {
        tables.isEmpty ? "" : "LOCK TABLE \(tables.map(quoted).joined(separator: ", ")) IN ACCESS SHARE MODE"
    }

    /// How rows are spelled as text, whatever the database's settings.
    static let spelling = """
        SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';
        SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3; SET LOCAL lc_monetary = 'C'
        """

    /// Drops the functions the backend itself puts there, which a backup brings along.
    static let dropFunctions = """
        DROP FUNCTION IF EXISTS "dec"(text), dec_mul(numeric, numeric), dec_div(numeric, numeric),
            dec_checked(numeric, text), utc_day(timestamptz)
        """

    /// Drops everything in the schema but what belongs to an extension, and the schemas of views upon it. What others built upon it stops it.
    static let dropAll = """
        DO $body$
        DECLARE
            statement text;
        BEGIN
            \(ScopedSchema.removal)
            FOR statement IN
                WITH mine AS (
                    SELECT format('%I.%I', current_schema(), relname) AS name,
                        CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                            ELSE 'TABLE' END AS kind
                    FROM pg_class AS c
                    WHERE relnamespace = \(inSchema) AND relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT relispartition
                        AND NOT EXISTS (
                            SELECT FROM pg_depend
                            WHERE classid = 'pg_class'::regclass AND objid = c.oid
                                AND (deptype = 'e' OR c.relkind = 'S' AND deptype IN ('a', 'i')))
                )
                SELECT format('DROP %s %s', kind, string_agg(name, ', ')) FROM mine GROUP BY kind
                ORDER BY array_position(ARRAY['VIEW', 'MATERIALIZED VIEW', 'TABLE', 'SEQUENCE'], kind)
            LOOP
                EXECUTE statement;
            END LOOP;
            FOR statement IN
                SELECT format('DROP ROUTINE %I.%I(%s)', current_schema(), proname, pg_get_function_identity_arguments(oid))
                FROM pg_proc AS p
                WHERE pronamespace = \(inSchema) AND NOT EXISTS (
                    SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
            LOOP
                EXECUTE statement;
            END LOOP;
        END $body$
        """

    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
