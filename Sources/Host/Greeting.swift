import PluginAPI
import Synchronization

/// What a newcomer needs to try a running host: where it is, two tokens and one command.
///
/// It is printed once, when both listeners accept connections, whichever of them came up first.
final class Greeting: Sendable {
    private struct Bases {
        var clients: String?
        var operators: String?
    }

    private let user: String
    private let userToken: String
    private let operatorToken: String
    private let bases = Mutex(Bases())

    init(assembly: HostAssembly, user: String) {
        let lifetime = assembly.configuration.auth.lifetime
        self.user = user
        userToken = assembly.minter.mint(
            Caller(subject: user, role: .user), at: assembly.clock.now, lifetime: lifetime)
        operatorToken = assembly.minter.mint(
            Caller(subject: "operator", role: .operator), at: assembly.clock.now, lifetime: lifetime)
    }

    /// The listener for clients accepts connections.
    func clients(host: String, port: Int) { listening { $0.clients = Self.url(host, port) } }

    /// The listener for operators accepts connections.
    func operators(host: String, port: Int) { listening { $0.operators = Self.url(host, port) } }

    private func listening(_ note: (inout Bases) -> Void) {
        let known = bases.withLock { bases in
            note(&bases)
            return bases
        }
        if let clients = known.clients, let operators = known.operators { show(clients, operators) }
    }

    private func show(_ clients: String, _ operators: String) {
        Console.data(
            """

            Serving:  \(clients)    (routes: \(clients)/docs)
            Admin:    \(operators)

            Token of user \(user):
            \(userToken)

            Token of an operator:
            \(operatorToken)

            Try:
            curl -s -H "Authorization: Bearer \(userToken)" \(clients)/api/v1/reconciliation/status
            """)
    }

    static func url(_ host: String, _ port: Int) -> String {
        let reachable = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        return reachable.contains(":") ? "http://[\(reachable)]:\(port)" : "http://\(reachable):\(port)"
    }
}
