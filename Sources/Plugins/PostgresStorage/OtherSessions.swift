import Glibc
import PluginAPI
import StorageWork

/// Who else is connected to the database: any other client may be a host, whatever it calls itself.
struct OtherSessions {
    let transaction: PostgresTransaction
    let caller: any Interruptible

    /// How long the server may take to notice that a client has gone.
    private static let partingMax = Duration.seconds(2)

    /// - Throws: ``ModuleError/unavailable(reason:)`` that counts and names them, when they are not on their way out.
    func requireNone() throws {
        let latest = ContinuousClock.now + Self.partingMax
        while true {
            let sessions = try transaction.rows(SchemaContent.sessions)
            if sessions.isEmpty { return }
            if ContinuousClock.now >= latest { throw refusal(sessions) }
            if caller.isOver { throw StorageError.timedOut }
            usleep(50_000)
            try transaction.executeScript(SchemaContent.lookAnew)
        }
    }

    private func refusal(_ sessions: Rows) -> ModuleError {
        let counted = sessions.map { (name: $0.text("name") ?? "", total: $0.integer("total") ?? 0) }
        let total = counted.reduce(0) { $0 + $1.total }
        let names = counted.map { "\($0.name) (\($0.total))" }.joined(separator: ", ")
        return .unavailable(
            reason: "\(total) other sessions are open to the database: \(names); "
                + "stop the hosts, end what else is connected, and try again")
    }
}
