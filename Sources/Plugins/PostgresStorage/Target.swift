import PluginAPI

/// Where to connect and how.
struct Target: Sendable {
    /// Any URL or list of `key=value` that libpq takes; read again for each connection, because files in it may change.
    let url: Secret
    /// How long the server lets a statement run.
    let statementTimeout: Duration
    /// Another database than the URL's, on the same server.
    private(set) var database: String?

    init(url: Secret, statementTimeout: Duration) {
        self.url = url
        self.statementTimeout = statementTimeout
    }

    func other(database: String) -> Target {
        var other = self
        other.database = database
        return other
    }

    /// How long a connection may take to be ready.
    static let connectMax = Duration.seconds(5)

    /// What holds unless the URL says otherwise; then the URL.
    ///
    /// - Throws: When a file that the URL is made of cannot be read.
    func parameters() throws(SecretUnreadable) -> [(key: String, value: String)] {
        let url = try url.current()
        return [
            ("fallback_application_name", "concord"), ("connect_timeout", "5"), ("keepalives_idle", "30"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
            ("dbname", url), ("client_encoding", "UTF8"),
        ] + (database.map { [("dbname", $0)] } ?? [])
    }

    /// How long a host may be silent in a transaction before the server ends it: frozen or cut off, it would keep what it
    /// holds from the others. Far longer than any work between two statements.
    static let silenceMax = Duration.seconds(10)

    /// What every session begins with. Outside transactions nothing is written; an acknowledged commit is on disk. What a
    /// lost connection ran ends within seconds, where the server's system can tell that the client has gone.
    var settings: String {
        """
        SET TimeZone = 'UTC';
        SET standard_conforming_strings = on;
        SET default_transaction_read_only = on;
        SET default_transaction_isolation = 'read committed';
        SET statement_timeout = \(max(1, statementTimeout.wholeMicroseconds / 1_000));
        SET idle_in_transaction_session_timeout = \(Self.silenceMax.wholeMicroseconds / 1_000);
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        SELECT set_config('client_connection_check_interval', '2s', false) WHERE version() LIKE '%linux%'
        """
    }
}
