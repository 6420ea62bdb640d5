import PluginAPI

/// Views as PostgreSQL keeps them: in two schemas beside Concord's own, one that shows rows of the accounts a transaction names
/// and one that shows all, for a role that may read nothing else.
struct ScopedSchema: Sendable {
    /// What statements of people who are not trusted run as. It is one for all databases of a server and cannot log in.
    static let role = "concord_query"
    /// The transaction's accounts, separated by spaces, which no account's ID has.
    static let setting = "concord.accounts"

    /// Concord's own schema.
    let own: String
    private let views: [StoredView]

    init(_ views: [StoredView], own: String) {
        self.views = views
        self.own = own
    }

    var filtered: String { own + "_scoped" }
    var unfiltered: String { own + "_platform" }

    /// Where a statement finds views first, then functions.
    func searchPath(isFiltered: Bool) -> String {
        "\(Self.quoted(isFiltered ? filtered : unfiltered)), \(Self.quoted(own))"
    }

    /// Takes the views out and puts them in.
    var script: String {
        """
        \(Self.removalScript)
        \(creation(of: filtered, isFiltered: true))
        \(creation(of: unfiltered, isFiltered: false))
        GRANT USAGE ON SCHEMA \(Self.quoted(own)) TO \(Self.role);
        """
    }

    /// What the comment of a schema of views begins with; one that somebody else has made is left alone.
    static let mark = "concord views "

    /// Takes the views of the current schema out. To be run inside `DO $body$ … $body$`.
    static let removal = """
        FOR statement IN
            SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
            WHERE nspname IN (current_schema() || '_scoped', current_schema() || '_platform')
                AND obj_description(oid, 'pg_namespace') LIKE '\(mark)%'
        LOOP
            EXECUTE statement;
        END LOOP;
        """

    static let removalScript = """
        DO $body$
        DECLARE
            statement text;
        BEGIN
            \(removal)
        END $body$;
        """

    private func creation(of schema: String, isFiltered: Bool) -> String {
        let name = Self.quoted(schema)
        return """
            CREATE SCHEMA \(name);
            \(views.map { creation(of: $0, in: name, isFiltered: isFiltered) }.joined(separator: "\n"))
            GRANT USAGE ON SCHEMA \(name) TO \(Self.role);
            GRANT SELECT ON ALL TABLES IN SCHEMA \(name) TO \(Self.role);
            COMMENT ON SCHEMA \(name) IS '\(Self.mark)';
            """
    }

    /// As a barrier: no function of a statement sees a row before the filter has.
    private func creation(of view: StoredView, in schema: String, isFiltered: Bool) -> String {
        let columns = view.columns.map { $0.expression == $0.name ? $0.name : "\($0.expression) AS \($0.name)" }
        let owner = view.columns.first { $0.name == "account_id" }?.expression ?? "account_id"
        let filter = " WHERE \(owner) = ANY (string_to_array(current_setting('\(Self.setting)', true), ' '))"
        return """
            CREATE VIEW \(schema).\(view.name) WITH (security_barrier) AS
                SELECT \(columns.joined(separator: ", ")) FROM \(view.source)\(isFiltered ? filter : "");
            """
    }

    /// A role without rights, which Concord's own may take on.
    static let roleScript = """
        DO $body$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(role)') THEN
                BEGIN
                    CREATE ROLE \(role) NOLOGIN;
                EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                END;
            END IF;
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '\(role)' AND (rolsuper OR rolbypassrls)) THEN
                RAISE EXCEPTION 'the role \(role) may do more than it must; take its rights away';
            END IF;
            IF NOT pg_has_role(current_user, '\(role)', 'MEMBER') THEN
                EXECUTE format('GRANT \(role) TO %I', current_user);
            END IF;
        END $body$;
        """

    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
