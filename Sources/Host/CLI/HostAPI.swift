import HTTPTypes
import PluginAPI

/// The HTTP API as the commands use it: of a running host, or of one put together for the length of a command.
///
/// Commands that write go through a running host when there is one, so that its cache stays true.
protocol HostAPI: Sendable {
    func send(_ call: APICall) async throws -> APIAnswer
}

/// One request of a command.
struct APICall: Sendable {
    var method: HTTPRequest.Method
    /// Path and query, percent-encoded.
    var target: String
    var caller: Caller
    var contentType: String?
    var body: [UInt8] = []

    static func get(_ target: String, as caller: Caller) -> APICall {
        APICall(method: .get, target: target, caller: caller)
    }
}

/// Its answer.
struct APIAnswer: Sendable {
    var status: Int
    var body: [UInt8]

    /// The body of a 200 as JSON.
    ///
    /// - Throws: ``APIRefusal`` with what the host said otherwise.
    func json() throws -> JSONValue {
        guard let json = try? JSONValue(parsing: body, limits: JSONLimits(textMax: 1 << 24)) else {
            throw APIRefusal(status: status, lines: ["the host answered \(status) without JSON"])
        }
        guard status == 200 else { throw APIRefusal(status: status, problem: json) }
        return json
    }
}

/// What a host said no with, a line for each problem.
struct APIRefusal: Error, CustomStringConvertible {
    var status: Int
    var lines: [String]

    init(status: Int, lines: [String]) {
        self.status = status
        self.lines = lines
    }

    /// Reads `application/problem+json`.
    init(status: Int, problem: JSONValue) {
        self.status = status
        var lines: [String] = []
        if case .string(let detail)? = problem["detail"] { lines.append(detail) }
        if case .array(let items)? = problem["errors"] { lines += items.compactMap(APIRefusal.line) }
        self.lines = lines.isEmpty ? ["the host answered \(status)"] : lines
    }

    /// Whether what was sent is at fault, rather than the host.
    var isBadInput: Bool { (400..<500).contains(status) && status != 401 && status != 429 }

    var description: String { lines.joined(separator: "\n") }

    private static func line(_ item: JSONValue) -> String? {
        guard case .string(let detail)? = item["detail"] else { return nil }
        for place in ["pointer", "parameter"] {
            if case .string(let name)? = item[place] { return "  \(name.isEmpty ? "/" : name): \(detail)" }
        }
        return "  \(detail)"
    }
}
