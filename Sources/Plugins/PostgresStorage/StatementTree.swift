import CLibpq
import PluginAPI

/// What PostgreSQL has read out of a statement: which relations it reads and which functions it calls.
///
/// The statement becomes a temporary view, whose rule is the parsed statement. The transaction is never committed.
enum StatementTree {
    static let view = "concord_inspected"

    /// Relations that are no views of the schema, by name.
    static func foreignRelations(schema: String) -> SQL {
        """
        SELECT DISTINCT c.relname::text AS name
        FROM pg_rewrite r, regexp_matches(r.ev_action::text, ':relid ([0-9]+)', 'g') AS found,
            pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE r.ev_class = 'pg_temp.concord_inspected'::regclass AND c.oid = found[1]::oid AND c.oid <> r.ev_class
            AND n.nspname <> \(schema)
        ORDER BY 1
        """
    }

    /// Functions it calls by name; casts and operators are called by their signs.
    static let calls: SQL = """
        SELECT DISTINCT p.proname::text AS name, p.provolatile::text AS volatility, found[1] AS field,
            coalesce(found[3], '') AS form, p.pronamespace = 'pg_catalog'::regnamespace AS is_built_in
        FROM pg_rewrite r,
            regexp_matches(r.ev_action::text,
                ':(funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)(?: :funcresulttype [0-9]+ :funcretset [a-z]+ :funcvariadic [a-z]+ :funcformat ([0-9]))?',
                'g') AS found,
            pg_proc p
        WHERE r.ev_class = 'pg_temp.concord_inspected'::regclass AND p.oid = found[2]::oid
        ORDER BY 1
        """

    /// Words of the language that depend on the session, the server or chance.
    static let words: SQL = """
        SELECT found[1] AS node FROM pg_rewrite r,
            regexp_matches(r.ev_action::text, '[{](SQLVALUEFUNCTION|XMLEXPR|TABLEFUNC|TABLESAMPLECLAUSE|NEXTVALUEEXPR)', 'g') AS found
        WHERE r.ev_class = 'pg_temp.concord_inspected'::regclass
        """

    /// Those that ``SetUp`` puts into Concord's schema.
    private static let ownFunctions: Set<String> = ["dec", "dec_mul", "dec_div", "utc_day"]

    static let columns: SQL = """
        SELECT attname::text AS name, atttypid::bigint AS type FROM pg_attribute
        WHERE attrelid = 'pg_temp.concord_inspected'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """

    /// Whether a call found by ``calls`` is one of those that statements may make.
    static func allows(name: String, isBuiltIn: Bool, volatility: String, field: String, form: String) -> Bool {
        guard isBuiltIn else { return ownFunctions.contains(name) }
        if ScopedFunctions.names.contains(name) { return true }
        // 1 and 2 are the forms of casts; what a cast or an operator stands for does not change from one row to the next.
        let isSign = field == "opfuncid" || form == "1" || form == "2"
        return isSign && volatility != "v"
    }

    /// The kind of a column by its type's object ID.
    static func kind(of type: Int64) -> ValueKind? {
        switch Oid(truncatingIfNeeded: type) {
        case ServerType.boolean: .boolean
        case ServerType.bigint, ServerType.integer, ServerType.smallint: .integer
        case ServerType.numeric: .decimal
        case ServerType.timestamp: .timestamp
        case ServerType.json: .json
        case let type where ServerType.texts.contains(type): .text
        default: nil
        }
    }
}
