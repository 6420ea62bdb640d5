import PluginAPI
import Testing

@testable import Host

struct CacheKeyTests {
    @Test("A key names module, operation, owner and sorted parameters")
    func form() {
        #expect(
            key(.user("ann"), ["symbol": "EUR/USD", "limit": "50"])
                == "concord_1:m.list:u:ann:limit=50&symbol=EUR%2FUSD")
        #expect(key(.account("acc-1"), [:]) == "concord_1:m.list:a:acc-1:")
        #expect(key(.platform, [:]) == "concord_1:m.list:-:")
    }

    @Test("A long last part is named by its digest")
    func digest() {
        let long = key(.user("ann"), ["note": String(repeating: "x", count: 196)])

        #expect(long.hasPrefix("concord_1:m.list:u:ann:sha256-"))
        #expect(long.utf8.count == "concord_1:m.list:u:ann:sha256-".utf8.count + 64)
        #expect(key(.user("ann"), ["note": String(repeating: "x", count: 195)]).hasSuffix("xx"))
    }

    @Test("No ID or value can look like another question")
    func injection() {
        let keys = [
            key(.user("ann:x=1"), [:]), key(.user("ann"), ["x": "1"]), key(.user("a:ann"), [:]),
            key(.account("ann"), [:]),
            key(.user("ann"), ["x": "1&y=2"]), key(.user("ann"), ["x": "1", "y": "2"]), key(.user("ann%"), [:]),
            key(.user("ann"), ["@cursor": "c"]), key(.user("ann"), [:], cursor: "c"), key(.user("ann"), [:]),
            key(.user("K"), [:]), key(.user("\u{212A}"), [:]),
        ]

        #expect(Set(keys).count == keys.count)
    }

    @Test("Tokens that see different things of the platform share nothing")
    func callers() {
        let callers = [
            Caller(subject: "x", role: .operator), Caller(subject: "x", role: .agent),
            Caller(subject: "x", role: .agent, grant: .all),
            Caller(subject: "x", role: .agent, grant: .accounts(["a"])),
            Caller(subject: "x", role: .agent, grant: .accounts(["a", "b"])),
            Caller(subject: "x", role: .agent, grant: .accounts(["a/b"])), Caller(subject: "y", role: .operator),
        ]

        #expect(Set(callers.map { key(.caller($0), [:]) }).count == callers.count)
    }

    private func key(_ scope: KeyScope, _ parameters: [String: String], cursor: String? = nil) -> String {
        CacheKey.make(prefix: "concord_", operation: "m.list", scope: scope, parameters: parameters, cursor: cursor)
    }
}
