import PluginAPI

/// What a token says once its signature is known to be good.
struct TokenClaims: Sendable, Equatable {
    /// The user ID.
    var subject: String
    /// As written; ``RoleNames`` says which role it stands for.
    var roleName: String
    var issuedAt: Timestamp
    var expiresAt: Timestamp
    /// `nbf`; honoured where present.
    var notBefore: Timestamp?
    /// `nil` when the token has no `accounts`.
    var accounts: [String]?
    var issuer: String?
    var tokenID: String?

    /// The largest NumericDate taken: 9999-12-31T23:59:59Z, the last moment that has a text.
    static let secondsMax: Int64 = 253_402_300_799
    static let accountsMax = 10_000

    /// Reads the claims set; members it does not know are ignored.
    init(parsing json: JSONValue) throws(TokenRefusal) {
        guard case .object = json else { throw .malformed("has claims that are not an object") }
        subject = try Self.id(json, "sub")
        roleName = try Self.text(json, "role")
        issuedAt = try Self.date(json, "iat")
        expiresAt = try Self.date(json, "exp")
        notBefore = json["nbf"] == nil ? nil : try Self.date(json, "nbf")
        issuer = json["iss"] == nil ? nil : try Self.text(json, "iss")
        tokenID = json["jti"] == nil ? nil : try Self.text(json, "jti")
        accounts = try Self.accounts(json)
        try Self.checkAudience(json)
    }

    init(subject: String, roleName: String, issuedAt: Timestamp, expiresAt: Timestamp, accounts: [String]? = nil) {
        self.subject = subject
        self.roleName = roleName
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.accounts = accounts
    }

    /// 1…128 bytes of printable ASCII without space.
    static func isID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func text(_ json: JSONValue, _ name: String) throws(TokenRefusal) -> String {
        guard let value = json[name] else { throw .claim("\(name) is missing") }
        guard case .string(let text) = value else { throw .claim("\(name) is not text") }
        return text
    }

    private static func id(_ json: JSONValue, _ name: String) throws(TokenRefusal) -> String {
        let text = try text(json, name)
        guard isID(text) else { throw .claim("\(name) is not 1 to 128 printable ASCII characters without space") }
        return text
    }

    /// A NumericDate: seconds since 1970, a fraction allowed and dropped, no exponent.
    private static func date(_ json: JSONValue, _ name: String) throws(TokenRefusal) -> Timestamp {
        guard let value = json[name] else { throw .claim("\(name) is missing") }
        guard case .number(let number) = value,
            let whole = number.split(separator: ".", omittingEmptySubsequences: false).first,
            !number.contains(where: { $0 == "e" || $0 == "E" }),
            let seconds = Int64(whole), (0...secondsMax).contains(seconds)
        else { throw .claim("\(name) is not a number of seconds since 1970") }
        return Timestamp(seconds: seconds)
    }

    private static func accounts(_ json: JSONValue) throws(TokenRefusal) -> [String]? {
        guard let value = json["accounts"] else { return nil }
        guard case .array(let elements) = value, elements.count <= accountsMax else {
            throw .claim("accounts is not a list of at most \(accountsMax) account IDs")
        }
        var accounts: [String] = []
        for element in elements {
            guard case .string(let account) = element, isID(account) else {
                throw .claim("accounts has an element that is not an account ID")
            }
            accounts.append(account)
        }
        return accounts
    }

    /// `aud` may be one text or several; nothing here depends on which.
    private static func checkAudience(_ json: JSONValue) throws(TokenRefusal) {
        switch json["aud"] {
        case nil, .string?: return
        case .array(let elements)?:
            for element in elements {
                guard case .string = element else { throw .claim("aud has an element that is not text") }
            }
        default: throw .claim("aud is neither text nor a list of texts")
        }
    }
}
