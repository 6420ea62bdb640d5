import FoundationEssentials
import PluginAPI

/// Where events of some kinds are sent, and the secret they are signed with.
struct WebhookEndpoint: Sendable, Equatable {
    let name: String
    let url: Secret
    let secret: Secret
    let events: Set<Event.Kind>

    /// Fewer bytes can be guessed.
    private static let secretBytesMin = 16

    static let keys = [
        ConfigurationKey(
            "url", .text, secret: true,
            "Where events are sent by POST: https, or http to this machine; may hold a token and is never shown."),
        ConfigurationKey("secret", .text, secret: true, "What requests are signed with, at least 16 bytes."),
        ConfigurationKey(
            "events", .list(.choice(Event.Kind.allCases.map(\.rawValue))), default: "[break.changed, guard.changed]",
            "Kinds of events that are sent"),
        ConfigurationKey(
            "plain_http", .boolean, default: "false", "Whether http is good enough for a host that is not this machine"),
    ]

    /// - Throws: ``ModuleError/misconfigured(key:detail:)``, without the URL or the secret in it.
    init(_ name: String, _ section: ModuleConfiguration) throws(ModuleError) {
        func refuse(_ key: String, _ detail: String) -> ModuleError {
            .misconfigured(key: "endpoints.\(name)\(key)", detail: detail)
        }
        guard Self.isName(name) else {
            throw refuse("", "must be named in lower case letters, digits, - and _, a letter first")
        }
        self.name = name
        url = section.secret("url")
        secret = section.secret("secret")
        events = Set(section.list("events").compactMap { Self.kind($0) })
        if let problem = Self.problem(of: url, allowsPlain: section.boolean("plain_http")) {
            throw refuse(".url", problem)
        }
        guard secret.revealed().utf8.count >= Self.secretBytesMin else {
            throw refuse(".secret", "has fewer than \(Self.secretBytesMin) bytes; make one with: openssl rand -hex 32")
        }
        guard !events.isEmpty else { throw refuse(".events", "names no event") }
    }

    private static func kind(_ value: ConfigurationValue) -> Event.Kind? {
        if case .text(let text) = value { Event.Kind(rawValue: text) } else { nil }
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.first.map { (0x61...0x7A).contains($0) } == true
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
    }

    /// What is wrong with a URL, as a clause; `nil` when it is good.
    static func problem(of url: Secret, allowsPlain: Bool) -> String? {
        guard let parts = URLComponents(string: url.revealed()), let host = parts.host, !host.isEmpty,
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else { return "is no URL that begins with https:// and names a host" }
        if parts.user != nil || parts.password != nil {
            return "has a user or a password in it, which would not be sent; the signature proves who sends"
        }
        if parts.fragment != nil { return "has a fragment, which would not be sent" }
        guard scheme == "http", !allowsPlain, !isLoopback(host) else { return nil }
        return "is http, which anyone on the way can read; use https, or set plain_http: true"
    }

    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopbackIPv4 = parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
        return isLoopbackIPv4 || ["localhost", "::1", "[::1]"].contains(host.lowercased())
    }
}
