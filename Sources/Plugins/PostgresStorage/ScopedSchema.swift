import PluginAPI
import StorageWork

/// Views as PostgreSQL keeps them: in two schemas beside Concord's own, one that shows rows of the accounts a transaction names
/// and one that shows all, for a role that may read nothing else.
struct ScopedSchema: Sendable {
    /// What statements of people who are not trusted run as, under the scope of accounts and of the platform. They are the same
    /// for all databases of a server and cannot log in.
    static func role(isFiltered: Bool) -> String { isFiltered ? "concord_query" : "concord_platform" }
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
        GRANT USAGE ON SCHEMA \(Self.quoted(own)) TO \(Self.role(isFiltered: true)), \(Self.role(isFiltered: false));
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
            GRANT USAGE ON SCHEMA \(name) TO \(Self.role(isFiltered: isFiltered));
            GRANT SELECT ON ALL TABLES IN SCHEMA \(name) TO \(Self.role(isFiltered: isFiltered));
            COMMENT ON SCHEMA \(name) IS '\(Self.mark)';
            """
    }

    /// As a barrier: no function of a statement sees a row before the filter has.
    private func creation(of view: StoredView, in schema: String, isFiltered: Bool) -> String {
        let filter = " WHERE \(view.owner) = ANY (string_to_array(current_setting('\(Self.setting)', true), ' '))"
        return """
            CREATE VIEW \(schema).\(view.name) WITH (security_barrier) AS
                SELECT \(view.selection) FROM \(view.source)\(isFiltered ? filter : "");
            """
    }

    /// Roles without rights, which Concord's own may take on.
    static let roleScript = """
        DO $body$
        DECLARE
            role text;
        BEGIN
            FOREACH role IN ARRAY ARRAY['\(role(isFiltered: true))', '\(role(isFiltered: false))'] LOOP
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
                    BEGIN
                        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
                    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                    END;
                END IF;
                IF EXISTS (SELECT FROM pg_roles WHERE rolname = role AND (rolsuper OR rolbypassrls)) THEN
                    RAISE EXCEPTION 'the role % may do more than it must; take its rights away', role;
                END IF;
                IF NOT pg_has_role(current_user, role, 'MEMBER') THEN
                    EXECUTE format('GRANT %I TO %I', role, current_user);
                END IF;
            END LOOP;
        END $body$;
        """

    /// How many of the two schemas are there as this one would make them, their rights included.
    static func sound(_ schema: ScopedSchema, digest: String) -> SQL {
        """
        SELECT count(*) AS n FROM pg_namespace n JOIN pg_roles r ON r.rolname = CASE n.nspname
            WHEN \(schema.filtered) THEN \(role(isFiltered: true)) WHEN \(schema.unfiltered) THEN \(role(isFiltered: false)) END
        WHERE obj_description(n.oid, 'pg_namespace') = \(digest) AND has_schema_privilege(r.oid, n.oid, 'USAGE')
        """
    }

    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
