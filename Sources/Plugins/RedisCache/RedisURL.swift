/// Where Redis is and as whom to speak to it: `redis://user:password@host:port/db`, `rediss://` for TLS.
///
/// A query may name `db`, and with TLS `ssl_ca_certs`, a file of certificate authorities to trust instead of the system's.
struct RedisURL: Sendable, Equatable {
    var host: String
    var port = 6379
    /// `nil` speaks as the default user.
    var user: String?
    var password: String?
    var database = 0
    var isTLS = false
    var authorityFile: String?

    static let databaseMax = 65_535

    /// - Throws: ``RedisURLProblem`` with what is wrong, without any part of the password.
    init(_ text: String) throws(RedisURLProblem) {
        let rest: Substring
        (rest, isTLS) = try RedisURL.scheme(of: text)
        let (address, query) = RedisURL.split(rest, at: "?")
        let (authority, path) = RedisURL.split(address, at: "/")
        let at = authority.lastIndex(of: "@")
        let place = at.map { authority[authority.index(after: $0)...] } ?? authority
        host = ""
        try read(place: place)
        if let at { try read(credentials: authority[..<at]) }
        if let path, !path.isEmpty { database = try RedisURL.database(path) }
        for parameter in query?.split(separator: "&") ?? [] { try read(parameter: parameter) }
    }

    private static func scheme(of text: String) throws(RedisURLProblem) -> (Substring, Bool) {
        guard let colon = text.firstRange(of: "://") else {
            throw RedisURLProblem("is no URL; write redis://user:password@host:port/db")
        }
        let rest = text[colon.upperBound...]
        switch text[..<colon.lowerBound].lowercased() {
        case "redis": return (rest, false)
        case "rediss": return (rest, true)
        case "redis-sentinel", "redis+sentinel", "rediss-sentinel", "rediss+sentinel":
            throw RedisURLProblem("names Sentinels, which Concord does not ask; name the Redis server itself")
        case "redis+cluster", "rediss+cluster", "redis-cluster", "rediss-cluster":
            throw RedisURLProblem("names a Redis Cluster, which Concord does not speak to; name a single server")
        case "unix", "redis+socket", "redis-socket":
            throw RedisURLProblem("names a Unix socket; name a host and a port")
        default:
            throw RedisURLProblem("has an unknown scheme; write redis:// or, for TLS, rediss://")
        }
    }

    private mutating func read(place: Substring) throws(RedisURLProblem) {
        guard !place.contains(",") else {
            throw RedisURLProblem("names several hosts; Concord uses one Redis server")
        }
        var port: Substring?
        if place.first == "[" {
            guard let end = place.firstIndex(of: "]") else { throw RedisURLProblem("has a [ without its ]") }
            host = String(place[place.index(after: place.startIndex)..<end])
            let after = place[place.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { throw RedisURLProblem("has no good host") }
            port = after.isEmpty ? nil : after.dropFirst()
        } else {
            let parts = place.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { throw RedisURLProblem("needs [ ] around an IPv6 address") }
            host = String(parts.first ?? "")
            port = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty else { throw RedisURLProblem("names no host") }
        guard let port else { return }
        guard let number = RedisURL.number(port, in: 1...65_535) else {
            throw RedisURLProblem("has no good port; 1…65535 are ports")
        }
        self.port = number
    }

    private mutating func read(credentials: Substring) throws(RedisURLProblem) {
        let (user, password) = RedisURL.split(credentials, at: ":")
        // Text before @ without a colon is a user whose password is missing, rather than a password.
        guard let password else { throw RedisURLProblem("has a user without a password; write user:password@") }
        guard let user = PercentDecoding.text(user), let password = PercentDecoding.text(password) else {
            throw RedisURLProblem("has a user or password that is not percent-encoded UTF-8; write @ as %40, / as %2F")
        }
        self.user = user.isEmpty ? nil : user
        self.password = password.isEmpty ? nil : password
    }

    private mutating func read(parameter: Substring) throws(RedisURLProblem) {
        let (name, value) = RedisURL.split(parameter, at: "=")
        guard let value = PercentDecoding.text(value ?? "") else {
            throw RedisURLProblem("has a parameter that is not percent-encoded UTF-8")
        }
        switch name {
        case "db": database = try RedisURL.database(value[...])
        case "ssl_ca_certs" where isTLS && !value.isEmpty: authorityFile = value
        case "ssl_ca_certs": throw RedisURLProblem("has ssl_ca_certs, which needs rediss:// and a file")
        case "ssl_cert_reqs" where value == "required": return
        case "ssl_cert_reqs":
            throw RedisURLProblem("would not check the server's certificate; give its authority by ssl_ca_certs")
        default: throw RedisURLProblem("has an unknown parameter; db and ssl_ca_certs are known")
        }
    }

    private static func database(_ text: Substring) throws(RedisURLProblem) -> Int {
        guard let number = number(text, in: 0...databaseMax) else {
            throw RedisURLProblem("has no good database number; 0…\(databaseMax) are")
        }
        return number
    }

    private static func number(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else { return nil }
        return range.contains(number) ? number : nil
    }

    private static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }
}

/// What is wrong with a URL, as a clause that follows the key's name.
struct RedisURLProblem: Error, Equatable {
    var detail: String

    init(_ detail: String) {
        self.detail = detail
    }
}
