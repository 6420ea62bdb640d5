import CLibpq

/// What libpq makes of a URL or a list of `key=value`, before anybody connects.
///
/// Its own complaints repeat parts of the text, and with them perhaps a password; none of them is passed on.
struct ConnectionText {
    /// Why the text names no database, as a sentence that follows the key's name.
    struct Problem: Error, Equatable {
        let detail: String
    }

    private static let example = "postgresql://user:password@host:5432/name?sslmode=verify-full"
    private static let sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

    /// The parameters that the text sets, by libpq's keywords.
    let parameters: [String: String]

    init(_ text: String) throws(Problem) {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            defer { PQfreemem(message) }
            throw ConnectionText.problem(message.map { String(cString: $0) } ?? "")
        }
        defer { PQconninfoFree(options) }
        parameters = ConnectionText.read(options)
        if let mode = parameters["sslmode"], !ConnectionText.sslModes.contains(mode) {
            let known = ConnectionText.sslModes.joined(separator: ", ")
            throw Problem(detail: "has an unknown sslmode; \(known) are known")
        }
        let ports = parameters["port"]?.split(separator: ",").map { UInt16($0) ?? 0 } ?? []
        if ports.contains(0) { throw Problem(detail: "has no good port; 1…65535 are ports") }
    }

    private static func read(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return parameters
    }

    /// A parameter's name is no secret.
    private static func problem(_ message: String) -> Problem {
        for start in ["invalid URI query parameter: \"", "invalid connection option \""] where message.hasPrefix(start)
        {
            let name = message.dropFirst(start.count).prefix { $0 != "\"" }
            return Problem(detail: "has the parameter `\(name)`, which PostgreSQL's client library does not know")
        }
        return Problem(detail: "is not the URL of a PostgreSQL database; one is \(example)")
    }
}
