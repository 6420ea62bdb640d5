import Crypto
import PluginAPI
import Synchronization

/// Tells who is asking from the `Authorization` header: HS256 tokens with `sub`, `role`, `exp` and `iat`.
///
/// Synchronous, because it runs on every request: a token seen before costs a digest and a look-up.
final class TokenVerifier: Sendable {
    /// Longer tokens are not looked at.
    static let lengthMax = 8_192

    private let signature: TokenSignature
    private let roles: RoleNames
    private let leeway: Duration
    private let clock: any HostClock
    private let memory: Mutex<TokenMemory>

    /// - Parameters:
    ///   - leeway: How far the clocks of issuer and host may be apart.
    ///   - rememberedBytesMax: What verified tokens that are kept may take in memory.
    init(
        signature: TokenSignature,
        roles: RoleNames,
        leeway: Duration,
        clock: any HostClock,
        rememberedBytesMax: Int = 4 << 20
    ) {
        self.signature = signature
        self.roles = roles
        self.leeway = leeway
        self.clock = clock
        memory = Mutex(TokenMemory(bytesMax: rememberedBytesMax))
    }

    /// Who the values of all `Authorization` headers of one request name.
    func verified(authorization values: [String]) throws(TokenRefusal) -> VerifiedToken {
        guard let value = values.first else { throw .missing }
        guard values.count == 1 else { throw .repeated }
        return try verified(token: try BearerHeader.token(in: value))
    }

    func caller(token: [UInt8]) throws(TokenRefusal) -> Caller { try verified(token: token).caller }

    /// Who a header's only value names, if its token was verified before and is spelled the usual way; `nil` says nothing.
    func remembered(authorization value: String, at now: Timestamp) -> VerifiedToken? {
        guard let digest = BearerHeader.plainDigest(of: value) else { return nil }
        return memory.withLock { $0.token(digest, at: now) }
    }

    private func verified(token: [UInt8]) throws(TokenRefusal) -> VerifiedToken {
        guard token.count <= Self.lengthMax else { throw .tooLong }
        let digest = TokenDigest(SHA256.hash(data: token))
        let now = clock.now
        let (known, epoch) = memory.withLock { ($0.token(digest, at: now), $0.epoch) }
        if let known { return known }

        let claims = try verify(token, at: now)
        let verified = VerifiedToken(
            digest: digest, caller: caller(claims), validUntil: claims.expiresAt + leeway, epoch: epoch)
        memory.withLock { $0.remember(verified) }
        return verified
    }

    /// Checks signature, header, claims and time, and remembers nothing.
    func verify(_ token: [UInt8], at now: Timestamp) throws(TokenRefusal) -> TokenClaims {
        let parts = try TokenParts(parsing: token)
        try parts.checkHeader()
        guard signature.isValid(parts.signature, for: parts.signedText) else { throw .signature }
        let claims = try TokenClaims(parsing: parts.claims)
        guard now < claims.expiresAt + leeway else { throw .expired }
        guard claims.issuedAt <= now + leeway, claims.notBefore ?? now <= now + leeway else { throw .early }
        return claims
    }

    /// Forgets every verified token, so that each is checked again: after a change of secrets, roles or users.
    func forgetAll() {
        memory.withLock { $0.forgetAll() }
    }

    private func caller(_ claims: TokenClaims) -> Caller {
        let accounts = claims.accounts ?? []
        let coversAll = accounts.contains { $0.utf8.elementsEqual("*".utf8) }
        return Caller(
            subject: claims.subject,
            role: roles.role(named: claims.roleName),
            grant: coversAll ? .all : .accounts(Set(accounts))
        )
    }
}
