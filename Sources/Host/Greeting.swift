import PluginAPI

/// What a newcomer needs to try a running host: where it is, two tokens and one command.
struct Greeting: Sendable {
    private let user: String
    private let userToken: String
    private let operatorToken: String

    init(assembly: HostAssembly, user: String) throws {
        let lifetime = assembly.configuration.auth.lifetime
        self.user = user
        userToken = try assembly.minter.mint(
            Caller(subject: user, role: .user), at: assembly.clock.now, lifetime: lifetime)
        operatorToken = try assembly.minter.mint(
            Caller(subject: "operator", role: .operator), at: assembly.clock.now, lifetime: lifetime)
    }

    func operators(host: String, port: Int) {
        Console.data("Admin:    \(Self.url(host, port))")
    }

    func clients(host: String, port: Int) {
        let base = Self.url(host, port)
        Console.data(
            """

            Serving:  \(base)    (routes: \(base)/docs)

            Token of user \(user):
            \(userToken)

            Token of an operator:
            \(operatorToken)

            Try:
            curl -s -H "Authorization: Bearer \(userToken)" \(base)/api/v1/reconciliation/status
            """)
    }

    static func url(_ host: String, _ port: Int) -> String {
        let reachable = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        return reachable.contains(":") ? "http://[\(reachable)]:\(port)" : "http://\(reachable):\(port)"
    }
}
