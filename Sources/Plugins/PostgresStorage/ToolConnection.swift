import CLibpq
import PluginAPI

/// What a program of PostgreSQL's is told, so that it connects to the same server as a connection did, with the same TLS.
///
/// Secrets go by its environment: arguments are shown to everybody on the machine.
struct ToolConnection: Equatable {
    /// `host='db' port='5432' …` without secrets.
    let parameters: String
    let environment: [String: String]

    /// What is chosen anew for each connection, or concerns this program only.
    private static let omitted: Set<String> = [
        "client_encoding", "fallback_application_name", "application_name", "load_balance_hosts",
        "replication", "service", "target_session_attrs",
    ]

    /// - Parameter handle: A connection that stands.
    init(_ handle: OpaquePointer) throws(ModuleError) {
        guard let options = PQconninfo(handle) else { throw .unavailable(reason: "out of memory") }
        defer { PQconninfoFree(options) }
        var values: [(key: String, value: String)] = []
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { values.append((String(cString: keyword), String(cString: value))) }
            next += 1
        }
        try self.init(
            values,
            // Of several hosts the one that was connected to: a snapshot is known to its own server only.
            place: (host: Self.text(PQhost(handle)), port: Self.text(PQport(handle))),
            password: Self.text(PQpass(handle)))
    }

    init(
        _ values: [(key: String, value: String)], place: (host: String, port: String), password: String
    ) throws(ModuleError) {
        var parameters: [String] = []
        for (key, value) in values where !value.isEmpty && !Self.omitted.contains(key) {
            switch key {
            case "password": continue
            case "sslpassword":
                throw .unavailable(
                    reason: "the client key of the URL has a password, which no argument or variable keeps to itself; "
                        + "use a key without one, readable by its owner only")
            case "host": parameters.append("host=\(Self.quoted(place.host))")
            case "port": parameters.append("port=\(Self.quoted(place.port))")
            case "hostaddr" where value.contains(","):
                throw .unavailable(reason: "the URL has several addresses in hostaddr; write them in host")
            default: parameters.append("\(key)=\(Self.quoted(value))")
            }
        }
        self.parameters = parameters.joined(separator: " ")
        environment = password.isEmpty ? [:] : ["PGPASSWORD": password]
    }

    static func quoted(_ value: String) -> String {
        "'" + value.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] } + "'"
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
    private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }
}
