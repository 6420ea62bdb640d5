import PluginAPI

/// Makes tokens, for `concord token mint`.
struct TokenMinter: Sendable {
    private static let header = Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)

    private let signature: TokenSignature

    init(signature: TokenSignature) {
        self.signature = signature
    }

    /// A token for `caller`, valid from `now` for `lifetime`.
    ///
    /// - Parameter tokenID: `jti`, when the token shall be nameable.
    func mint(_ caller: Caller, at now: Timestamp, lifetime: Duration, tokenID: String? = nil) -> String {
        let header = Base64URL.encode(Self.header)
        let claims = Base64URL.encode(claims(caller, at: now, lifetime: lifetime, tokenID: tokenID))
        let text = "\(header).\(claims)"
        return "\(text).\(Base64URL.encode(signature.sign(Array(text.utf8))))"
    }

    private func claims(_ caller: Caller, at now: Timestamp, lifetime: Duration, tokenID: String?) -> [UInt8] {
        let seconds = now.microseconds / 1_000_000
        var json = JSONWriter()
        json.object { json in
            json.field("sub", caller.subject)
            json.field("role", caller.role.rawValue)
            json.field("iat", seconds)
            json.field("exp", seconds + lifetime.components.seconds)
            if let tokenID { json.field("jti", tokenID) }
            if let accounts = granted(caller) {
                json.arrayField("accounts", of: accounts) { $0.string($1) }
            }
        }
        return json.bytes
    }

    /// Accounts are written for agents only; they mean nothing for others.
    private func granted(_ caller: Caller) -> [String]? {
        switch (caller.role, caller.grant) {
        case (.agent, .all): ["*"]
        case (.agent, .accounts(let accounts)): accounts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        default: nil
        }
    }
}
