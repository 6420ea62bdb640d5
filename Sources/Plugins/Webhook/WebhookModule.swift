import AsyncHTTPClient
import NIOCore
import NIOHTTP1
public import PluginAPI
import Synchronization
import TradingBook

/// Sends events to other programs by HTTP, signed.
///
/// Each endpoint is a subscription of its own: one whose receiver is down holds up no other. What is sent, and what is promised
/// of it, stands in `docs/events.md`.
public final class WebhookModule: QueryService, EventObserver {
    public static let descriptor = ModuleDescriptor(
        id: "webhook",
        summary: "Events sent to other programs by HTTP, signed",
        requires: ["book"]
    )
    public static let configuration = ConfigurationSpec([
        ConfigurationKey(
            "endpoints", .mapping(.section(WebhookEndpoint.keys)), "Where events are sent, each under a name"),
        ConfigurationKey(
            "timeout", .duration(.milliseconds(100) ... .seconds(60)), default: "10s",
            "How long a receiver may take to answer"),
        ConfigurationKey(
            "attempts", .integer(1...100), default: "16", "Deliveries of an event before it becomes a dead letter"),
        ConfigurationKey(
            "first_pause", .duration(.milliseconds(10) ... .seconds(3_600)), default: "1s",
            "The pause behind the first failure; each further one is twice as long"),
        ConfigurationKey(
            "longest_pause", .duration(.milliseconds(10) ... .seconds(86_400)), default: "15m",
            "The longest pause between two deliveries of an event"),
    ])

    public let subscriptions: [EventSubscription]
    private let endpoints: [String: WebhookEndpoint]
    private let timeout: Duration
    let storage: any StorageBackend
    private let clock: any HostClock
    private let client = Mutex<HTTPClient?>(nil)

    /// Of an answer's body, which nobody reads; a longer one costs the connection.
    private static let answerBytesMax = 64 << 10
    /// How long it is waited for.
    private static let drainMax = Duration.milliseconds(200)
    /// Between the end of an answer and that of the call.
    private static let reserve = Duration.milliseconds(20)

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        guard case .mapping(let sections)? = configuration.values["endpoints"], !sections.isEmpty else {
            throw .misconfigured(key: "endpoints", detail: "names no endpoint")
        }
        var endpoints: [String: WebhookEndpoint] = [:]
        for name in sections.keys.sorted() {
            guard case .mapping(let section)? = sections[name] else { continue }
            endpoints[name] = try WebhookEndpoint(name, ModuleConfiguration(section))
        }
        let timeout = configuration.duration("timeout")
        self.endpoints = endpoints
        self.timeout = timeout
        storage = context.storage
        clock = context.clock
        subscriptions = endpoints.values.sorted { $0.name < $1.name }.map { endpoint in
            EventSubscription(
                name: endpoint.name, kinds: endpoint.events, timeout: timeout,
                attemptsMax: Int64(configuration.integer("attempts")),
                firstPause: configuration.duration("first_pause"), pauseMax: configuration.duration("longest_pause"))
        }
    }

    public var operations: [Operation] { [] }

    public func start() async throws {
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        settings.timeout.connect = .nanoseconds(timeout.wholeMicroseconds * 1_000)
        let made = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        client.withLock { $0 = made }
    }

    public func stop() async {
        let last = client.withLock { client in
            defer { client = nil }
            return client
        }
        try? await last?.shutdown()
    }

    public func observe(_ event: Event, for subscription: String) async throws {
        guard let endpoint = endpoints[subscription], let client = client.withLock(\.self) else {
            throw EventNotTaken.tryAgain(after: nil, reason: "the webhook is not started")
        }
        let request = request(event, to: endpoint)
        let begin = ContinuousClock.now
        let answer: WebhookAnswer
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(timeout.wholeMicroseconds * 1_000))
            answer = WebhookAnswer(
                status: Int(response.status.code), retryAfter: response.headers.first(name: "retry-after"))
            await drain(response, until: begin + timeout - Self.reserve)
        } catch let error as CancellationError {
            throw error
        } catch let error as HTTPClientError {
            throw EventNotTaken.tryAgain(after: nil, reason: "no answer: \(error)")
        } catch {
            // What other errors say may name the URL, in which there may be a token.
            throw EventNotTaken.tryAgain(after: nil, reason: "no connection to the receiver: \(type(of: error))")
        }
        try answer.check(at: clock.now)
    }

    /// Reads what follows an answer's head, so that the connection can be used again. The head has said what becomes of the
    /// event: a slow body costs the connection and nothing else.
    private func drain(_ response: HTTPClientResponse, until latest: ContinuousClock.Instant) async {
        let end = min(latest, .now + Self.drainMax)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await response.body.collect(upTo: Self.answerBytesMax) }
            group.addTask { try? await Task.sleep(until: end, clock: .continuous) }
            await group.next()
            group.cancelAll()
        }
    }

    private func request(_ event: Event, to endpoint: WebhookEndpoint) -> HTTPClientRequest {
        let body = WebhookBody.bytes(of: event)
        var request = HTTPClientRequest(url: endpoint.url.revealed())
        request.method = .POST
        let signature = WebhookSignature(of: body, at: clock.now, secret: endpoint.secret)
        request.headers = [
            "Content-Type": "application/json", "User-Agent": "Concord", "Concord-Event-Id": event.id,
            "Concord-Event": event.kind.rawValue, "Concord-Attempt": String(event.attempt),
            "Concord-Signature": signature.text,
        ]
        request.body = .bytes(body)
        return request
    }
}
