import Crypto
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Tokens")
struct TokenVerifierTests {
    @Test(
        "A good token names its caller",
        arguments: [
            (#"{"sub":"u-1","role":"user"}"#, Caller(subject: "u-1", role: .user)),
            (#"{"sub":"u-1","role":"nobody"}"#, Caller(subject: "u-1", role: .user)),
            (#"{"sub":"u-1","role":"owner"}"#, Caller(subject: "u-1", role: .operator)),
            (#"{"sub":"op","role":"operator","iss":"x","aud":"y","jti":"z"}"#, Caller(subject: "op", role: .operator)),
            (
                #"{"sub":"op","role":"operator","aud":["y","z"],"unknown":{"a":[1]}}"#,
                Caller(subject: "op", role: .operator)
            ),
            (#"{"sub":"ea","role":"agent"}"#, Caller(subject: "ea", role: .agent, grant: .accounts([]))),
            (
                #"{"sub":"ea","role":"agent","accounts":["a-1","a-2"]}"#,
                Caller(subject: "ea", role: .agent, grant: .accounts(["a-1", "a-2"]))
            ),
            (#"{"sub":"ea","role":"agent","accounts":["*"]}"#, Caller(subject: "ea", role: .agent, grant: .all)),
        ]
    )
    func goodToken(claims: String, expected: Caller) throws {
        let tokens = Tokens()

        let caller = try tokens.verifier.verified(authorization: ["Bearer \(tokens.token(claims))"]).caller

        #expect(caller == expected)
    }

    @Test("The scheme is taken in any case", arguments: ["Bearer", "bearer", "BEARER", "bEaReR"])
    func schemeCase(scheme: String) throws {
        let tokens = Tokens()

        let caller = try tokens.verifier.verified(authorization: ["\(scheme) \(tokens.token(Tokens.user))"]).caller

        #expect(caller.subject == "u-1")
    }

    @Test("A bad header is refused and says why", arguments: BadHeader.all)
    func badHeader(_ bad: BadHeader) throws {
        let tokens = Tokens()
        let good = tokens.token(Tokens.user)

        let refusal = tokens.refusal(bad.values(good))

        #expect(refusal == bad.refusal)
    }

    @Test("A bad token is refused, again and again", arguments: BadToken.all)
    func badToken(_ bad: BadToken) throws {
        let tokens = Tokens()
        let token = bad.text(tokens)

        let first = tokens.refusal(["Bearer \(token)"])
        let second = tokens.refusal(["Bearer \(token)"])

        #expect(first != nil && first == second)
        #expect(bad.refusal == nil || first == bad.refusal)
        #expect(first?.challenge.contains("error=\"invalid_token\"") == true)
    }

    @Test("A remembered token is refused once it has expired")
    func expiryOfRemembered() throws {
        let tokens = Tokens()
        let header = ["Bearer \(tokens.token(Tokens.user))"]
        _ = try tokens.verifier.verified(authorization: header).caller

        tokens.clock.advance(by: .seconds(3_600 + 29))
        let within = tokens.refusal(header)
        tokens.clock.advance(by: .seconds(1))
        let after = tokens.refusal(header)

        #expect(within == nil)
        #expect(after == .expired)
    }

    @Test("A minted token is one that is taken, with the same caller")
    func minting() throws {
        let tokens = Tokens()
        let caller = Caller(subject: "ea", role: .agent, grant: .accounts(["b", "a"]))

        let token = TokenMinter(signature: tokens.signature)
            .mint(caller, at: tokens.clock.now, lifetime: .seconds(60), tokenID: "t-1")

        #expect(try tokens.verifier.verified(authorization: ["Bearer \(token)"]).caller == caller)
    }

    @Test("Inspecting shows the claims and the verdict, and never the signature")
    func inspecting() throws {
        let tokens = Tokens()
        let inspector = TokenInspector(verifier: tokens.verifier, roles: Tokens.roles)
        let token = tokens.token(Tokens.user)
        tokens.clock.advance(by: .seconds(86_400))

        let text = String(decoding: inspector.inspect(token, at: tokens.clock.now), as: UTF8.self)

        #expect(text.contains(#""valid":false"#) && text.contains("expired") && text.contains(#""sub":"u-1""#))
        #expect(!text.contains(Tokens.secret) && !text.contains(String(token.split(separator: ".")[2])))
    }

    @Test("A secret shorter than the hash signs as HMAC has it everywhere else")
    func shortSecret() throws {
        let signature = TokenSignature(secret: Secret("short"))

        let code = signature.sign(Array("text".utf8))

        let key = SymmetricKey(data: Array("short".utf8))
        #expect(code == Array(HMAC<SHA256>.authenticationCode(for: Array("text".utf8), using: key)))
    }
}

@Suite("Token memory")
struct TokenMemoryTests {
    private let now = Timestamp(seconds: 1_000)

    private func digest(_ text: String) -> TokenDigest { TokenDigest(SHA256.hash(data: Array(text.utf8))) }

    private func token(_ text: String, epoch: UInt64 = 0) -> VerifiedToken {
        VerifiedToken(
            digest: digest(text), caller: Caller(subject: "u", role: .user), validUntil: now + .seconds(1), epoch: epoch
        )
    }

    @Test("It never holds more than its memory allows and keeps what is in use")
    func bounded() {
        var memory = TokenMemory(bytesMax: 32_000)
        memory.remember(token("kept"))

        for number in 0..<1_000 {
            memory.remember(token("\(number)"))
            _ = memory.token(digest("kept"), at: now)
        }

        #expect((50...150).contains(memory.count))
        #expect(memory.token(digest("kept"), at: now) != nil)
        #expect(memory.token(digest("0"), at: now) == nil)
    }

    @Test("Tokens that name many accounts leave room for fewer")
    func boundedByBytes() {
        let accounts = Set((0..<100).map { "an account with a long name \($0)" })
        var memory = TokenMemory(bytesMax: 1 << 20)

        for number in 0..<1_000 {
            memory.remember(
                VerifiedToken(
                    digest: digest("\(number)"), caller: Caller(subject: "u", role: .agent, grant: .accounts(accounts)),
                    validUntil: now + .seconds(1), epoch: 0))
        }

        #expect((20...130).contains(memory.count))
    }

    @Test("A new epoch forgets all, also what was being verified when it began")
    func epochs() {
        var memory = TokenMemory(bytesMax: 10_000)
        memory.remember(token("a"))

        memory.forgetAll()
        memory.remember(token("b", epoch: 0))
        memory.remember(token("c", epoch: 1))

        #expect(memory.token(digest("a"), at: now) == nil)
        #expect(memory.token(digest("b"), at: now) == nil)
        #expect(memory.token(digest("c"), at: now) != nil)
    }
}

struct BadHeader: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let refusal: TokenRefusal
    let values: @Sendable (_ good: String) -> [String]

    static let all: [BadHeader] = [
        BadHeader(testDescription: "none", refusal: .missing) { _ in [] },
        BadHeader(testDescription: "two", refusal: .repeated) { ["Bearer \($0)", "Bearer \($0)"] },
        BadHeader(testDescription: "empty", refusal: .notBearer) { _ in [""] },
        BadHeader(testDescription: "scheme alone", refusal: .notBearer) { _ in ["Bearer"] },
        BadHeader(testDescription: "scheme and space", refusal: .notBearer) { _ in ["Bearer "] },
        BadHeader(testDescription: "token alone", refusal: .notBearer) { [$0] },
        BadHeader(testDescription: "another scheme", refusal: .notBearer) { ["Basic \($0)"] },
        BadHeader(testDescription: "nearly the scheme", refusal: .notBearer) { ["Bearerx \($0)"] },
        BadHeader(testDescription: "comma list", refusal: .notBearer) { ["Bearer \($0), Bearer \($0)"] },
        BadHeader(testDescription: "tab", refusal: .notBearer) { ["Bearer\t\($0)"] },
        BadHeader(testDescription: "two tokens", refusal: .notBearer) { ["Bearer \($0) \($0)"] },
        BadHeader(testDescription: "too long", refusal: .tooLong) { _ in
            ["Bearer \(String(repeating: "a", count: 8_193))"]
        },
        BadHeader(testDescription: "far too long", refusal: .tooLong) { _ in
            ["Bearer \(String(repeating: "a", count: 100_000))"]
        },
    ]
}

struct BadToken: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let refusal: TokenRefusal?
    let text: @Sendable (Tokens) -> String

    private static func claims(_ claims: String, _ refusal: TokenRefusal? = nil) -> BadToken {
        BadToken(testDescription: claims, refusal: refusal) { $0.signed(claims: claims) }
    }

    private static func header(_ header: String, _ refusal: TokenRefusal? = nil) -> BadToken {
        BadToken(testDescription: header, refusal: refusal) {
            $0.signed(header: header, claims: Tokens.timed(Tokens.user))
        }
    }

    private static func altered(
        _ name: String, _ refusal: TokenRefusal? = nil, _ change: @escaping @Sendable (String) -> String
    )
        -> BadToken
    {
        BadToken(testDescription: name, refusal: refusal) { change($0.token(Tokens.user)) }
    }

    static let all: [BadToken] = shapes + headers + claimSets

    private static let shapes: [BadToken] = [
        altered("one part") { String($0.split(separator: ".")[0]) },
        altered("two parts") { $0.split(separator: ".").prefix(2).joined(separator: ".") },
        altered("four parts") { "\($0).x" },
        altered("empty signature", .signature) { $0.split(separator: ".").prefix(2).joined(separator: ".") + "." },
        altered("empty claims") { parts($0, 1) { _ in "" } },
        altered("empty header") { parts($0, 0) { _ in "" } },
        altered("padding in the signature") { "\($0)=" },
        altered("plus in the claims") { parts($0, 1) { "+\($0.dropFirst())" } },
        altered("slash in the header") { parts($0, 0) { "/\($0.dropFirst())" } },
        altered("not ASCII") { "\($0)ü" },
        altered("signature cut") { String($0.dropLast(4)) },
        altered("signature longer", .signature) { "\($0)AAAA" },
        altered("claims changed") {
            parts($0, 1) { _ in Base64URL.encode(Array(Tokens.timed(#"{"sub":"u-2","role":"user"}"#).utf8)) }
        },
        altered("stray bits at the end of the signature") { token in
            // 32 bytes leave two unused bits in the last character; the next character in the alphabet differs in them.
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
            guard let last = token.last, let index = alphabet.firstIndex(of: last) else { return token }
            return token.dropLast() + String(alphabet[index + 1])
        },
        BadToken(testDescription: "another secret", refusal: .signature) {
            $0.signed(claims: Tokens.timed(Tokens.user), secret: "another-secret-another-secret-another")
        },
        BadToken(testDescription: "header not JSON", refusal: nil) {
            $0.signed(header: "alg", claims: Tokens.timed(Tokens.user))
        },
        BadToken(testDescription: "claims not JSON", refusal: nil) { $0.signed(claims: "sub") },
    ]

    private static let headers: [BadToken] = [
        header(#"{"typ":"JWT"}"#, .algorithm), header(#"{"alg":"none"}"#, .algorithm),
        header(#"{"alg":"None"}"#, .algorithm), header(#"{"alg":"hs256"}"#, .algorithm),
        header(#"{"alg":"HS384"}"#, .algorithm), header(#"{"alg":"HS512"}"#, .algorithm),
        header(#"{"alg":"RS256"}"#, .algorithm), header(#"{"alg":"ES256"}"#, .algorithm),
        header(#"{"alg":["HS256"]}"#, .algorithm), header(#"{"alg":null}"#, .algorithm),
        header(#"{"alg":"HS256","alg":"none"}"#), header(#"{"alg":"HS256","crit":["exp"]}"#), header(#"["HS256"]"#),
    ]

    private static let claimSets: [BadToken] = [
        claims(#"["u-1"]"#), claims("null"), claims("{}", .claim("sub is missing")),
        claims(Tokens.timed(#"{"role":"user"}"#), .claim("sub is missing")),
        claims(Tokens.timed(#"{"sub":1,"role":"user"}"#), .claim("sub is not text")),
        claims(Tokens.timed(#"{"sub":"","role":"user"}"#)), claims(Tokens.timed(#"{"sub":"a b","role":"user"}"#)),
        claims(Tokens.timed(#"{"sub":"ü","role":"user"}"#)),
        claims(Tokens.timed(#"{"sub":"a\u0000","role":"user"}"#)),
        claims(Tokens.timed("{\"sub\":\"\(String(repeating: "a", count: 129))\",\"role\":\"user\"}")),
        claims(Tokens.timed(#"{"sub":"u-1","sub":"u-2","role":"user"}"#)),
        claims(Tokens.timed(#"{"sub":"u-1"}"#), .claim("role is missing")),
        claims(Tokens.timed(#"{"sub":"u-1","role":["operator"]}"#), .claim("role is not text")),
        claims(Tokens.timed(#"{"sub":"u-1","role":null}"#), .claim("role is not text")),
        claims(#"{"sub":"u-1","role":"user","iat":1767607200}"#, .claim("exp is missing")),
        claims(#"{"sub":"u-1","role":"user","exp":1767610800}"#, .claim("iat is missing")),
        claims(#"{"sub":"u-1","role":"user","iat":1767607200,"exp":"1767610800"}"#),
        claims(#"{"sub":"u-1","role":"user","iat":1767607200,"exp":1.7e9}"#),
        claims(#"{"sub":"u-1","role":"user","iat":1767607200,"exp":99999999999999999999}"#),
        claims(#"{"sub":"u-1","role":"user","iat":1767607200,"exp":-1}"#),
        claims(#"{"sub":"u-1","role":"user","iat":1767607200,"exp":true}"#),
        claims(#"{"sub":"u-1","role":"user","iat":1767600000,"exp":1767607170}"#, .expired),
        claims(#"{"sub":"u-1","role":"user","iat":1767607231,"exp":1767610800}"#, .early),
        claims(#"{"sub":"u-1","role":"user","iat":1767607200,"nbf":1767607231,"exp":1767610800}"#, .early),
        claims(Tokens.timed(#"{"sub":"ea","role":"agent","accounts":"*"}"#)),
        claims(Tokens.timed(#"{"sub":"ea","role":"agent","accounts":[1]}"#)),
        claims(Tokens.timed(#"{"sub":"ea","role":"agent","accounts":["a b"]}"#)),
        claims(Tokens.timed(#"{"sub":"ea","role":"agent","accounts":[""]}"#)),
        claims(Tokens.timed(#"{"sub":"u-1","role":"user","aud":1}"#)),
        claims(Tokens.timed(#"{"sub":"u-1","role":"user","aud":[1]}"#)),
        claims(Tokens.timed(#"{"sub":"u-1","role":"user","iss":1}"#)),
        claims(Tokens.timed(#"{"sub":"u-1","role":"user","x":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}"#)),
        claims(Tokens.timed(#"{"sub":"u-1","role":"user"}"#) + " x"),
    ]

    private static func parts(_ token: String, _ index: Int, _ change: (String) -> String) -> String {
        var parts = token.split(separator: ".").map(String.init)
        parts[index] = change(parts[index])
        return parts.joined(separator: ".")
    }
}

/// A verifier and a way to make tokens for it, spelled by hand so that wrong ones can be made too.
struct Tokens: Sendable {
    static let secret = "a-secret-of-more-than-thirty-two-bytes"
    static let user = #"{"sub":"u-1","role":"user"}"#
    static let roles = RoleNames(mapped: ["owner": .operator, "user": .operator])

    let clock = ManualClock()
    let signature: TokenSignature
    let verifier: TokenVerifier

    init() {
        signature = TokenSignature(secret: Secret(Self.secret))
        verifier = TokenVerifier(signature: signature, roles: Self.roles, leeway: .seconds(30), clock: clock)
    }

    /// The claims with an hour to live from the clock's start.
    static func timed(_ claims: String) -> String {
        claims.dropLast() + #","iat":1767607200,"exp":1767610800}"#
    }

    func token(_ claims: String) -> String { signed(claims: Self.timed(claims)) }

    func signed(header: String = #"{"alg":"HS256"}"#, claims: String, secret: String = Self.secret) -> String {
        let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        let key = SymmetricKey(data: Array(secret.utf8))
        return text + "." + Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)))
    }

    func refusal(_ values: [String]) -> TokenRefusal? {
        do {
            _ = try verifier.verified(authorization: values)
            return nil
        } catch {
            return error
        }
    }
}
