import PluginAPI
import PluginTesting
import Testing

@testable import Webhook

@Suite("The webhook's settings")
struct WebhookSettingsTests {
    @Test(
        "An endpoint is https, or http to this machine, and carries no user",
        arguments: [
            ("https://desk.example/hooks?token=1", true), ("http://localhost:8080/", true),
            ("http://127.0.0.1:9/hook", true), ("http://127.1.2.3/", true), ("http://[::1]:9/", true),
            ("http://desk.example/", false), ("http://127.0.0.1.example/", false), ("http://localhost.example/", false),
            ("ftp://desk.example/", false), ("desk.example/hook", false), ("https://", false), ("", false),
            ("https://user:word@desk.example/", false), ("https://desk.example/#part", false),
        ])
    func url(text: String, isGood: Bool) {
        let problem = WebhookEndpoint.problem(of: Secret(text), allowsPlain: false)

        #expect((problem == nil) == isGood, "\(problem ?? "")")
    }

    @Test("Plain http to another machine has to be allowed")
    func plain() {
        #expect(WebhookEndpoint.problem(of: Secret("http://desk.example/"), allowsPlain: true) == nil)
    }

    @Test("A mistake names its key and shows neither URL nor secret", arguments: ["url", "secret", "name"])
    func mistakes(what: String) {
        let url = what == "url" ? "http://desk.example/private" : "https://desk.example/private"
        let secret = what == "secret" ? "tooshort" : "a secret that is long enough"
        let name = what == "name" ? "Desk" : "desk"

        let error = #expect(throws: ModuleError.self) {
            try WebhookEndpoint(name, Self.section(url: url, secret: secret))
        }

        guard case .misconfigured(let key, let detail)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(
            key == ["url": "endpoints.desk.url", "secret": "endpoints.desk.secret", "name": "endpoints.Desk"][what])
        #expect(!detail.contains("private") && !detail.contains("tooshort"))
    }

    @Test("Each endpoint is a subscription of its own kinds")
    func subscriptions() throws {
        let module = try WebhookModule(
            configuration: ModuleConfiguration([
                "endpoints": .mapping([
                    "desk": .mapping(Self.section().values),
                    "archive": .mapping(Self.section(events: ["snapshot.stored", "run.finished"]).values),
                ]),
                "timeout": .duration(.seconds(3)), "attempts": .integer(5), "first_pause": .duration(.seconds(2)),
                "longest_pause": .duration(.seconds(60)),
            ]), context: Self.context)

        #expect(module.subscriptions.map(\.name) == ["archive", "desk"])
        #expect(
            module.subscriptions.map(\.kinds) == [[.snapshotStored, .runFinished], [.breakChanged, .guardChanged]])
        #expect(module.subscriptions.allSatisfy { $0.timeout == .seconds(3) && $0.attemptsMax == 5 })
    }

    @Test("An event is the same bytes at every attempt")
    func body() {
        func event(_ attempt: Int64) -> Event {
            Event(
                id: "event_1", kind: .breakChanged, account: "acc", number: 7, at: Timestamp(seconds: 1_767_607_200),
                data: #"{"to":"open"}"#, attempt: attempt)
        }

        #expect(WebhookBody.bytes(of: event(1)) == WebhookBody.bytes(of: event(9)))
        #expect(
            String(decoding: WebhookBody.bytes(of: event(1)), as: UTF8.self)
                == #"{"id":"event_1","event":"break.changed","account_id":"acc","number":7,"#
                + #""at":"2026-01-05T10:00:00Z","data":{"to":"open"}}"#)
    }

    private static func section(
        url: String = "https://desk.example/", secret: String = "a secret that is long enough",
        events: [String] = ["break.changed", "guard.changed"]
    ) -> ModuleConfiguration {
        ModuleConfiguration([
            "url": .secret(Secret(url)), "secret": .secret(Secret(secret)), "plain_http": .boolean(false),
            "events": .list(events.map { .text($0) }),
        ])
    }

    private static var context: ModuleContext {
        ModuleContext(
            logger: Silence(), metrics: Silence(), clock: ManualClock(), storage: NoStorage(), invalidator: Silence())
    }
}

private struct Silence: Logger, Metrics, Counter, Gauge, Histogram, CacheInvalidator {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
    func increment(by amount: Int) {}
    func set(_ value: Double) {}
    func record(_ value: Double) {}
    func invalidate(_ tags: [CacheTag]) async {}
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter { self }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { self }
    func histogram(
        _ name: String, help: String, labels: [(name: String, value: String)], buckets: [Double]
    ) -> any Histogram { self }
}
