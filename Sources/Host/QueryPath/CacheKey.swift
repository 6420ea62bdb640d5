import Crypto
import PluginAPI

/// Whose data an answer holds: the part of a key that keeps two users apart.
enum KeyScope: Sendable, Equatable {
    /// All accounts of a user.
    case user(String)
    /// One account, whoever asks.
    case account(String)
    /// What one token may see, where that is not a user's own.
    case caller(Caller)
    /// The whole platform.
    case platform

    /// Ends with nothing that could be read as part of what follows: IDs are percent-encoded.
    var text: String {
        switch self {
        case .user(let id): "u:\(PercentEncoding.encode(id))"
        case .account(let id): "a:\(PercentEncoding.encode(id))"
        case .caller, .platform: "-"
        }
    }
}

/// The name of an answer in every cache: `<prefix>1:<module>.<operation>:<u:USER|a:ACCOUNT|->:<name=value&…>`.
///
/// It is made of typed values, sorted by name, so that equal questions have equal keys however they were written, and
/// nothing a client sends can look like another question.
enum CacheKey {
    /// The longest last part that is written out; a longer one is named by its digest.
    static let parametersMax = 200

    /// - Parameter operation: `module.operation`.
    static func make(
        prefix: String,
        operation: String,
        scope: KeyScope,
        parameters: [String: String],
        cursor: String?
    ) -> String {
        var pairs = canonical(parameters)
        // Declared names are encoded, so that none of them can begin with an at sign.
        if case .caller(let caller) = scope { pairs.append("@caller=\(digest(of: caller))") }
        if let cursor { pairs.append("@cursor=\(PercentEncoding.encode(cursor))") }
        let joined = pairs.joined(separator: "&")
        let last =
            joined.utf8.count <= parametersMax ? joined : "sha256-" + SHA256.hash(data: Array(joined.utf8)).hexadecimal
        return "\(prefix)1:\(operation):\(scope.text):\(last)"
    }

    /// A digest of everything that makes two questions different pages of one list or not: all but cursor and limit.
    static func binding(operation: String, scope: KeyScope, parameters: [String: String]) -> [UInt8] {
        var parts = [operation, scope.text]
        if case .caller(let caller) = scope { parts.append("@caller=\(digest(of: caller))") }
        parts += canonical(parameters.filter { $0.key != "limit" })
        return Array(SHA256.hash(data: Array(parts.joined(separator: "&").utf8)).prefix(16))
    }

    private static func canonical(_ parameters: [String: String]) -> [String] {
        parameters.map { "\(PercentEncoding.encode($0.key))=\(PercentEncoding.encode($0.value))" }.sorted()
    }

    /// Everything of a token that its view of the platform can depend on.
    private static func digest(of caller: Caller) -> String {
        var parts = [caller.role.rawValue, PercentEncoding.encode(caller.subject)]
        switch caller.grant {
        case .all: parts.append("*")
        case .accounts(let accounts): parts += accounts.map(PercentEncoding.encode).sorted()
        // A grant of an unknown kind: no two of them share anything.
        @unknown default: parts.append(String(describing: caller.grant))
        }
        return SHA256.hash(data: Array(parts.joined(separator: "/").utf8)).prefix(16).hexadecimal
    }
}
