import Crypto
import MemoryBytes
import PluginAPI

/// A token that was verified: who is asking, and what each of its requests needs to know.
final class VerifiedToken: Sendable {
    let digest: TokenDigest
    let caller: Caller
    /// What its requests are counted by.
    let subject: RateSubject
    /// The token is good before this moment.
    let validUntil: Timestamp
    /// The memory's epoch that the token was verified in.
    let epoch: UInt64

    init(digest: TokenDigest, caller: Caller, validUntil: Timestamp, epoch: UInt64) {
        self.digest = digest
        self.caller = caller
        subject = RateSubject(caller)
        self.validUntil = validUntil
        self.epoch = epoch
    }

    /// What it takes in memory.
    var bytes: Int {
        let fields =
            MemoryLayout<TokenDigest>.stride + MemoryLayout<Caller>.stride + MemoryLayout<RateSubject>.stride
            + MemoryLayout<Timestamp>.stride + MemoryLayout<UInt64>.stride
        return MemoryBytes.object(fields: fields) + caller.bytesOutside
    }
}

extension Caller {
    /// What its texts take beside itself.
    var bytesOutside: Int {
        guard case .accounts(let accounts) = grant else { return MemoryBytes.outside(subject) }
        return MemoryBytes.outside(subject) + MemoryBytes.outside(accounts)
    }
}

/// Verified tokens until they expire, by digest and never by their text, bounded by what they take in memory: those that
/// name many accounts leave room for fewer.
struct TokenMemory {
    /// Grows when everything verified so far must be verified again.
    private(set) var epoch: UInt64 = 0
    private var tokens: TwoGenerations<TokenDigest, VerifiedToken>

    var count: Int { tokens.count }

    init(bytesMax: Int) {
        tokens = TwoGenerations(bytesMax: bytesMax) { $1.bytes }
    }

    mutating func token(_ digest: TokenDigest, at now: Timestamp) -> VerifiedToken? {
        guard let token = tokens.value(for: digest), isGood(token, at: now) else { return nil }
        return token
    }

    /// Keeps `token` unless the epoch has moved on while it was being verified.
    mutating func remember(_ token: VerifiedToken) {
        guard token.epoch == epoch else { return }
        tokens.set(token, for: token.digest)
    }

    mutating func forgetAll() {
        epoch += 1
        tokens.removeAll()
    }

    private func isGood(_ token: VerifiedToken, at now: Timestamp) -> Bool {
        token.epoch == epoch && now < token.validUntil
    }
}

/// The SHA-256 of a token as four words, cheap to hash and to compare.
struct TokenDigest: Sendable, Hashable {
    private let words: InlineWords

    private struct InlineWords: Sendable, Hashable {
        var first, second, third, fourth: UInt64

        /// Any part of a digest tells as much as another: the first is enough to find its place.
        func hash(into hasher: inout Hasher) { hasher.combine(first) }
    }

    init(_ digest: SHA256Digest) {
        words = digest.withUnsafeBytes { bytes in
            InlineWords(
                first: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                second: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                third: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                fourth: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            )
        }
    }
}
