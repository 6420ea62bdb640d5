import PluginAPI

/// What the backend itself puts into the database: the functions `dec`, `dec_mul`, `dec_div` and `utc_day`, as SQLite has them.
enum SetUp {
    /// Stands in the functions' comments; functions of another version are replaced.
    private static let version = "concord 2"

    /// Whether the functions are there already.
    static let check = SQL(parts: [
        .text(
            """
            SELECT count(*) FROM pg_proc WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
                AND proname IN ('dec', 'dec_mul', 'dec_div', 'utc_day') AND obj_description(oid, 'pg_proc') =
            """ + " "), .value(.text(version)),
    ])

    static let functionsTotal: Int64 = 4

    /// Products and quotients are rounded half away from zero to 8 decimals. Quotients go through whole numbers, because
    /// PostgreSQL's own have a limited number of digits and would be rounded twice.
    static let script = """
        CREATE OR REPLACE FUNCTION dec_checked(number numeric, what text) RETURNS numeric
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
        BEGIN
            IF abs(number) > 91999999999.99999999 THEN
                RAISE EXCEPTION '%: result out of range', what USING ERRCODE = 'numeric_value_out_of_range';
            END IF;
            RETURN number::numeric(20, 8);
        END $body$;
        CREATE OR REPLACE FUNCTION "dec"(literal text) RETURNS numeric
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
        BEGIN
            IF literal !~ '^-?[0-9]+([.][0-9]{1,8})?$' THEN
                RAISE EXCEPTION 'dec: ''%'' is not a decimal', literal USING ERRCODE = 'invalid_text_representation';
            END IF;
            RETURN dec_checked(literal::numeric, 'dec');
        END $body$;
        CREATE OR REPLACE FUNCTION dec_mul(a numeric, b numeric) RETURNS numeric
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
        BEGIN
            RETURN dec_checked(round(a * b, 8), 'dec_mul');
        END $body$;
        CREATE OR REPLACE FUNCTION dec_div(a numeric, b numeric) RETURNS numeric
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
        BEGIN
            RETURN dec_checked(
                sign(a) * sign(b) * div(2 * abs(a) * 100000000 + abs(b), 2 * abs(b)) * 0.00000001, 'dec_div');
        END $body$;
        CREATE OR REPLACE FUNCTION utc_day(at timestamptz) RETURNS timestamptz
        LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $body$ SELECT date_trunc('day', at, 'UTC') $body$;
        COMMENT ON FUNCTION "dec"(text) IS '\(version)';
        COMMENT ON FUNCTION dec_mul(numeric, numeric) IS '\(version)';
        COMMENT ON FUNCTION dec_div(numeric, numeric) IS '\(version)';
        COMMENT ON FUNCTION utc_day(timestamptz) IS '\(version)';
        """
}
