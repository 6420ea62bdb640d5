import PluginAPI
import Testing

@testable import Host

@Suite("Environment and flags override the file")
struct OverrideTests {
    @Test("A flag beats a CONCORD__ path, which beats an alias, which beats the file, which beats the default")
    func precedence() {
        let file = "log: { level: error }"
        let alias = ["LOG_LEVEL": "WARNING"]
        let path = ["LOG_LEVEL": "WARNING", "CONCORD__LOG__LEVEL": "notice"]
        let flag = SettingOverride.flag("--log-level", ["log", "level"], "debug")

        #expect(load("").configuration?.log.level == .info)
        #expect(load(file).configuration?.log.level == .error)
        #expect(load(file, environment: alias).configuration?.log.level == .warning)
        #expect(load(file, environment: path).configuration?.log.level == .notice)
        #expect(load(file, environment: path, flags: [flag]).configuration?.log.level == .debug)
    }

    @Test("A mistake in the file stays one when the value is overridden")
    func fileIsStillChecked() {
        let report = load("log: { level: loud }", environment: ["LOG_LEVEL": "info"])

        #expect(report.text.contains("c.yaml:1:15: error: `log.level`: “loud”"))
    }

    @Test("A path reaches every section, in any case")
    func paths() throws {
        let report = load(
            "auth: { roles: { Owner: user } }\ninstruments: { GOLD: { digits: 2, pip: 0.1 } }",
            environment: [
                "CONCORD__SERVER__PORT": "9000",
                "CONCORD__storage__sqlite__path": "/data/c.db",
                "CONCORD__AUTH__ROLES__OWNER": "operator",
                "CONCORD__AUTH__ROLES__desk": "user",
                "CONCORD__INSTRUMENTS__GOLD__DIGITS": "3",
                "CONCORD__CORS__ORIGINS": "https://a.example, https://b.example",
                "CONCORD__QUERIES__RECONCILIATION__BATCH_SIZE": "7",
                "CONCORD__QUERIES__RECONCILIATION__GRACE__BROKER_CLOSED": "10s",
                "CONCORD__QUERIES__GUARDS__DRAWDOWN__MAX": "30%",
            ])

        let configuration = try #require(report.configuration, "\(report.text)")
        #expect(configuration.server.port == 9000)
        #expect(configuration.storage.configuration.text("path") == "/data/c.db")
        #expect(configuration.auth.roles == ["Owner": .operator, "desk": .user])
        #expect(configuration.corsOrigins == ["https://a.example", "https://b.example"])
        #expect(configuration.settings(of: "book").section("instruments").section("GOLD").integer("digits") == 3)
        #expect(configuration.settings(of: "reconciliation").integer("batch_size") == 7)
        #expect(configuration.settings(of: "guards").section("drawdown").decimal("max") == "30")
    }

    @Test("A list of services may be given whole, and a bare name takes settings")
    func queries() throws {
        let environment = ["CONCORD__QUERIES": "positions,guards"]
        #expect(
            load("", environment: environment).configuration?.services.map(\.id) == ["book", "positions", "guards"])

        let report = load("queries: [positions]", environment: ["CONCORD__QUERIES__POSITIONS__TIMEOUT": "5s"])
        #expect(report.configuration?.settings(of: "positions").duration("timeout") == .seconds(5))
    }

    @Test(
        "A CONCORD__ name that is no setting is a mistake with the nearest",
        arguments: [
            ("CONCORD__SERVER__PROT", "did you mean `CONCORD__SERVER__PORT`?"),
            ("CONCORD__SEVER__PORT", "did you mean `CONCORD__SERVER`?"),
            ("CONCORD__SERVER", "names a section; add one of its keys: host, port"),
            ("CONCORD__AUTH__ROLES", "names a mapping"),
            ("CONCORD__SERVER__PORT__X", "`server.port` is one value"),
            ("CONCORD__", "is no setting"),
            ("CONCORD__STORAGE__POSTGRES__URL", "compiled in: sqlite"),
            ("CONCORD__QUERIES__GUARD__MARKET__ACT", "did you mean `guards`?"),
            ("CONCORD__QUERIES__GUARDS__MARKET__ACTS", "did you mean `CONCORD__QUERIES__GUARDS__MARKET__ACT`?"),
            ("CONCORD__MODULES__DYNAMIC", "only the file can have"),
        ])
    func unknown(name: String, words: String) {
        let report = load("", environment: [name: "1"])

        #expect(report.errors.count == 1)
        #expect(report.text.hasPrefix("env \(name): error: "), "\(report.text)")
        #expect(report.text.contains(words), "\(report.text)")
    }

    @Test("A path into a service that is not loaded is a mistake")
    func notLoaded() {
        let report = load("queries: [guards]", environment: ["CONCORD__QUERIES__POSITIONS__TIMEOUT": "5s"])

        #expect(report.text.contains("is about `positions`, which is not in `queries`"))
    }

    @Test("A bad value out of the environment names the variable")
    func badValue() {
        let report = load("", environment: ["CONCORD__SERVER__PORT": "eighty"])

        #expect(
            report.text == "env CONCORD__SERVER__PORT: error: `server.port`: “eighty” is not a whole number; "
                + "write digits only\n")
    }

    @Test(
        "The replaced service's variables are read in their own units",
        arguments: [
            ("APP_ENV", "Development", "environment", "development"),
            ("JWT_ALGORITHM", "HS256", "auth.jwt.algorithm", "HS256"),
            ("JWT_EXPIRATION_HOURS", "12", "auth.jwt.lifetime", "12h"),
            ("JWT_EXPIRATION_HOURS", "0.5", "auth.jwt.lifetime", "30m"),
            ("CACHE_TTL_SECONDS", "300", "cache.default_ttl", "5m"),
            ("CACHE_TTL_SECONDS", "0", "cache.default_ttl", "0s"),
            ("CACHE_PREFIX", "mt5_", "cache.prefix", "mt5_"),
            ("LOG_LEVEL", "INFO", "log.level", "info"),
            ("LOG_LEVEL", "Warn", "log.level", "warning"),
            ("DEBUG", "True", "log.level", "debug"),
            ("DEBUG", "false", "log.level", "info"),
            ("DB_POOL_SIZE", "5", "storage.postgres.pool_size", "5"),
            ("DB_MAX_OVERFLOW", "3", "storage.postgres.max_overflow", "3"),
            ("REDIS_SOCKET_TIMEOUT", "2", "cache.redis.socket_timeout", "2s"),
            ("REDIS_SOCKET_CONNECT_TIMEOUT", "0.25", "cache.redis.connect_timeout", "250ms"),
        ])
    func aliases(name: String, value: String, path: String, text: String) {
        let file =
            "storage: { use: postgres, postgres: { url: a } }\ncache: { use: redis, redis: { url: b } }\n"
            + "auth: { jwt: { secret: \(String(repeating: "s3cr", count: 8)) } }"
        let report = load(file, environment: [name: value], catalog: .large)

        guard case .scalar(_, let read) = report.document?.setting(at: path)?.content else {
            Issue.record("nothing at \(path): \(report.text)")
            return
        }
        #expect(read == text)
        #expect(report.errors.isEmpty)
    }

    @Test("Aliases of services reach their settings")
    func serviceAliases() {
        let environment = ["RECONCILIATION_BATCH_SIZE": "50", "POSITION_QUERY_TIMEOUT": "7"]
        let configuration = load("", environment: environment).configuration

        #expect(configuration?.settings(of: "reconciliation").integer("batch_size") == 50)
        #expect(configuration?.settings(of: "positions").duration("timeout") == .seconds(7))
    }

    @Test(
        "An alias of something that is not there is a warning",
        arguments: ["DB_POOL_SIZE", "DB_MAX_OVERFLOW", "REDIS_SOCKET_TIMEOUT", "REDIS_SOCKET_CONNECT_TIMEOUT"])
    func strayAlias(_ name: String) {
        let report = load("", environment: [name: "5"])

        #expect(report.configuration != nil)
        #expect(report.text.contains("env \(name): warning: `\(name)` is set and has no effect"))
    }

    @Test("A bad number in an alias is a mistake", arguments: ["ten", "-1", "1s", "1e3", "0.0001", "."])
    func badAlias(_ value: String) {
        let report = load("", environment: ["CACHE_TTL_SECONDS": value])

        #expect(report.text.hasPrefix("env CACHE_TTL_SECONDS: error: "), "\(report.text)")
    }

    @Test("LOG_LEVEL counts before DEBUG")
    func debug() {
        let environment = ["DEBUG": "true", "LOG_LEVEL": "error"]

        #expect(load("", environment: environment).configuration?.log.level == .error)
    }

    @Test(
        "The address of a backend that is not in use warns in development and stops production",
        arguments: ["DATABASE_URL", "REDIS_URL"], [ModuleCatalog.fixture, .large])
    func foreignBackend(name: String, catalog: ModuleCatalog) {
        let secret = String(repeating: "s3cr", count: 8)
        let variables = [name: "x://user:pa55w0rd@h/0", "JWT_SECRET_KEY": secret]

        let development = load("", environment: variables, catalog: catalog)
        let production = load("environment: production", environment: variables, catalog: catalog)

        #expect(development.configuration != nil)
        #expect(development.text.contains("env \(name): warning: `\(name)` is set"))
        #expect(production.configuration == nil)
        #expect(production.text.contains("env \(name): error: `\(name)` is set"))
        #expect(!(development.text + production.text).contains("pa55w0rd"))
    }
}

extension HostConfiguration {
    fileprivate func settings(of service: String) -> ModuleConfiguration {
        services.first { $0.id == service }?.configuration ?? ModuleConfiguration()
    }
}
