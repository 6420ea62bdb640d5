import PluginAPI
import Testing

@testable import Host

@Suite("The configuration that the host gets is typed and whole")
struct HostConfigurationTests {
    @Test("The contract's example has exactly its values")
    func contract() throws {
        let report = load(contractExample)

        let configuration = try #require(report.configuration, "\(report.text)")
        #expect(report.mistakes.isEmpty)
        #expect(configuration.environment == .development)
        #expect(configuration.admin == .init(host: "127.0.0.1", port: 8001))
        #expect(configuration.auth.lifetime == .seconds(86_400))
        #expect(configuration.auth.leeway == .seconds(30))
        #expect(configuration.auth.secret == .generatedBeside(path: "var/concord.db.jwt-secret"))
        #expect(configuration.storage.id == "sqlite")
        #expect(configuration.storage.migratesAtStart)
        #expect(configuration.cache.id == "memory")
        #expect(configuration.cache.configuration.size("max_size") == 64 << 20)
        #expect(configuration.cache.defaultTTL == .seconds(10))
        #expect(configuration.cache.staleIfError == .seconds(60))
        #expect(configuration.services.map(\.id) == ["book", "reconciliation", "positions", "guards"])
        #expect(configuration.services[3].configuration.section("market").decimal("spread") == "0.5")
        #expect(configuration.limits.bodyMax == 8 << 20)
        #expect(configuration.limits.requestTimeout == .seconds(30))
        let retention = configuration.services[0].configuration.section("retention")
        #expect(retention.duration("snapshots") == .seconds(7 * 86_400))
        #expect(retention.text("audit") == "keep")
        #expect(!configuration.services[3].configuration.has("retention"))
        #expect(configuration.log == .init(level: .info, format: .json))
    }

    @Test("With the sections of modules that are not compiled in it has just these two mistakes")
    func contractWithServers() {
        let report = load(contractExampleWithServers)

        #expect(
            report.text == """
                c.yaml:11:3: error: no storage module `postgres` is compiled in; compiled in: sqlite
                    postgres: { url: "${env:DATABASE_URL}", pool_size: 20, max_overflow: 10, statement_timeout: 30s }
                    ^
                c.yaml:18:3: error: no cache module `redis` is compiled in; compiled in: memory
                    redis:  { url: "${env:REDIS_URL}", connect_timeout: 5s, socket_timeout: 5s, budget: 20ms }
                    ^

                """)
    }

    @Test("Where they are compiled in, their required keys matter only to the one in use")
    func requiredInUse() {
        let idle = load(contractExampleWithServers, catalog: .large)
        let used = load(
            contractExampleWithServers.replacing("use: sqlite", with: "use: postgres"),
            environment: ["JWT_SECRET_KEY": String(repeating: "s3cr", count: 8)], catalog: .large)

        #expect(idle.mistakes.isEmpty, "\(idle.text)")
        #expect(used.errors.map(\.detail) == ["`storage.postgres.url` is required"])
        #expect(used.text.contains("c.yaml:11:13: error: "))
    }

    @Test("Without a file everything has its default, and every service is loaded")
    func defaults() throws {
        let (defaults, example) = (load("").configuration, load(contractExample).configuration)

        #expect(defaults?.services.map(\.id) == example?.services.map(\.id))
        #expect(defaults?.limits == example?.limits)
        #expect(defaults?.services.first == example?.services.first)
        #expect(defaults?.auth == example?.auth)
        #expect(defaults?.cache == example?.cache)
    }

    @Test("No cache is no cache")
    func noCache() {
        #expect(load("cache: { use: none }").configuration?.cache.id == nil)
        let shared = load("cache: { use: redis, redis: { url: 'redis://h' } }", catalog: .large).configuration?.cache
        #expect(shared?.id == "redis" && shared?.local.size("max_size") == 64 << 20)
    }

    @Test("A service that others require is loaded before them, once")
    func requirements() {
        #expect(load("queries: [positions, reconciliation]").configuration?.services.map(\.id).first == "book")
        #expect(load("queries: [positions, book]").configuration?.services.map(\.id) == ["book", "positions"])
    }

    @Test(
        "The book is loaded whatever is listed, because the host and the modules of files need it",
        arguments: ["queries: []", "queries:", "queries: null", "queries: ~"])
    func onlyTheBook(yaml: String) {
        #expect(load(yaml).configuration?.services.map(\.id) == ["book"])
        #expect(load(yaml).mistakes.isEmpty)
    }

    @Test("The top-level instruments go to the service that declares them")
    func instruments() throws {
        let yaml = "instruments: { GOLD: { digits: 2, pip: 0.1, aliases: [XAUUSD.m] } }"

        let book = try #require(load(yaml).configuration?.services.first)

        let gold = book.configuration.section("instruments").section("GOLD")
        #expect(gold.decimal("pip") == "0.1")
        #expect(gold.list("aliases") == [.text("XAUUSD.m")])
    }

    @Test("Without a secret development needs a storage that keeps files; production needs a good secret")
    func secrets() {
        let postgres = "storage: { use: postgres, postgres: { url: x } }"
        let production = "environment: production"
        let good = String(repeating: "0123456789abcdef", count: 2)

        #expect(load(postgres, catalog: .large).text.contains("is required with a storage that has no file"))
        #expect(load(production, environment: ["JWT_SECRET_KEY": good]).configuration != nil)
        for bad in ["<CHANGE_IN_PRODUCTION>-and-then-some-more", "short", String(repeating: "a", count: 40)] {
            let report = load(production, environment: ["JWT_SECRET_KEY": bad])
            #expect(report.configuration == nil)
            #expect(report.text.hasPrefix("env JWT_SECRET_KEY: error: "), "\(report.text)")
            #expect(load("", environment: ["JWT_SECRET_KEY": bad]).warnings.count == 1)
        }
    }

    @Test("DEBUG is refused in production only", arguments: ["true", "1", "Yes", "ON"])
    func debug(_ value: String) {
        let environment = ["DEBUG": value, "JWT_SECRET_KEY": String(repeating: "0123456789abcdef", count: 2)]

        #expect(load("", environment: environment).configuration?.log.level == .debug)
        #expect(load("environment: production", environment: environment).text.contains("`DEBUG` is on in production"))
    }

    @Test(
        "Two listeners may share a port only at different addresses",
        arguments: [("127.0.0.1", true), ("0.0.0.0", true), ("localhost", true), ("::", true), ("10.0.0.5", false)])
    func ports(host: String, isMistake: Bool) {
        let report = load("server: { host: \"\(host)\", port: 9000 }\nadmin: { port: 9000 }")

        #expect((report.configuration == nil) == isMistake)
    }

    @Test("Port 0 is never shared")
    func anyPort() {
        #expect(load("server: { port: 0 }\nadmin: { port: 0 }").configuration != nil)
    }

    @Test("What a module says of its section is placed at the key")
    func complaints() {
        var report = load(
            "queries:\n  - guards:\n      drawdown: { warning: 30% }\ninstruments:\n  GOLD: { digits: 2, pip: 0.1 }")

        report.add(module: "guards", key: "drawdown.warning", detail: "is above max")
        report.add(module: "book", key: "instruments.GOLD", detail: "is odd")
        report.add(module: "sqlite", key: "path", detail: "is odd")

        #expect(report.configuration == nil)
        #expect(report.text.contains("c.yaml:3:28: error: `queries.guards.drawdown.warning` is above max"))
        #expect(report.text.contains("c.yaml:5:9: error: `instruments.GOLD` is odd"))
        #expect(report.text.contains("c.yaml: error: `storage.sqlite.path` is odd"))
    }
}
