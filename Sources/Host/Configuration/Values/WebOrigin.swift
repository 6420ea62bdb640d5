import PluginAPI

/// The origin of a web page: scheme, host, and a port when it is not the scheme's own.
enum WebOrigin {
    static let notation = ConfigurationNotation(
        name: "an origin", examples: ["https://desk.example", "http://localhost:3000"], problem: problem)

    @Sendable
    private static func problem(_ text: String) -> String? {
        if text == "*" { return "would let every page in; list the origins" }
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else {
            return "does not begin with http:// or https://"
        }
        let rest = text.dropFirst(scheme.count)
        if rest.contains(where: { "/?#@".contains($0) }) { return "is more than scheme, host and port" }
        if rest.contains("*") { return "has a wildcard; list the origins" }
        if rest.contains(where: \.isUppercase) { return "must be in lower case, as browsers send it" }
        return problemOfAuthority(rest)
    }

    private static func problemOfAuthority(_ authority: Substring) -> String? {
        if authority.hasPrefix("[") { return authority.contains("]") ? nil : "has an unfinished IPv6 address" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, HostAddress.notation.problem(String(host)) == nil else {
            return "has no host name in it"
        }
        guard parts.count < 3 else { return "has more than one port" }
        guard parts.count == 1 || Int(parts[1]).map({ (1...65_535).contains($0) }) == true else {
            return "has a port that is not from 1 to 65535"
        }
        return nil
    }
}
