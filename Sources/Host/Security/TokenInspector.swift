import PluginAPI

/// Shows what a token says and whether this host would take it, for `concord token inspect`.
///
/// The claims are shown even when the token is refused, because that is when somebody looks. Neither the signature nor
/// anything about the secret is.
struct TokenInspector: Sendable {
    private let verifier: TokenVerifier
    private let roles: RoleNames

    init(verifier: TokenVerifier, roles: RoleNames) {
        self.verifier = verifier
        self.roles = roles
    }

    /// The findings as a JSON object: `valid`, `reason`, `role` as it counts here, `expires_at`, `header`, `claims`.
    func inspect(_ token: String, at now: Timestamp) -> [UInt8] {
        let bytes = Array(token.utf8)
        let refusal = refusal(of: bytes, at: now)
        let parts = bytes.count <= TokenVerifier.lengthMax ? try? TokenParts(parsing: bytes) : nil
        let claims = parts.flatMap { try? TokenClaims(parsing: $0.claims) }
        var json = JSONWriter()
        json.object { json in
            json.field("valid", refusal == nil)
            json.field("reason", refusal?.detail)
            json.field("role", claims.map { roles.role(named: $0.roleName).rawValue })
            json.field("issued_at", claims?.issuedAt)
            json.field("expires_at", claims?.expiresAt)
            json.key("header")
            json.value(parts?.header ?? .null)
            json.key("claims")
            json.value(parts?.claims ?? .null)
        }
        return json.bytes
    }

    private func refusal(of token: [UInt8], at now: Timestamp) -> TokenRefusal? {
        guard token.count <= TokenVerifier.lengthMax else { return .tooLong }
        do {
            _ = try verifier.verify(token, at: now)
            return nil
        } catch {
            return error
        }
    }
}

extension JSONWriter {
    /// Writes a parsed document again, its numbers as they were written.
    fileprivate mutating func value(_ json: JSONValue) {
        switch json {
        case .null: null()
        case .boolean(let flag): boolean(flag)
        case .number(let text): raw(text.utf8)
        case .string(let text): string(text)
        case .array(let elements): array(of: elements) { $0.value($1) }
        case .object(let members):
            object { json in
                for member in members {
                    json.key(member.name)
                    json.value(member.value)
                }
            }
        @unknown default: null()
        }
    }
}
