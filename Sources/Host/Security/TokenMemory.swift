import Crypto
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
}

/// Verified tokens until they expire, by digest and never by their text, bounded in number.
///
/// Two generations: entries are put into the young one; when it is half the capacity it becomes the old one, and what was
/// old and not asked for since is forgotten. That costs O(1) and keeps what is in use.
struct TokenMemory: Sendable {
    /// Grows when everything verified so far must be verified again.
    private(set) var epoch: UInt64 = 0
    private let generationMax: Int
    private var young: [TokenDigest: VerifiedToken] = [:]
    private var old: [TokenDigest: VerifiedToken] = [:]

    var count: Int { young.count + old.count }

    init(capacity: Int) {
        precondition(capacity >= 2, "a token memory holds at least two tokens")
        generationMax = capacity / 2
    }

    mutating func token(_ digest: TokenDigest, at now: Timestamp) -> VerifiedToken? {
        if let token = young[digest] { return isGood(token, at: now) ? token : nil }
        guard let token = old.removeValue(forKey: digest), isGood(token, at: now) else { return nil }
        insert(token)
        return token
    }

    /// Keeps `token` unless the epoch has moved on while it was being verified.
    mutating func remember(_ token: VerifiedToken) {
        guard token.epoch == epoch else { return }
        old.removeValue(forKey: token.digest)
        insert(token)
    }

    mutating func forgetAll() {
        epoch += 1
        young = [:]
        old = [:]
    }

    private mutating func insert(_ token: VerifiedToken) {
        if young.count >= generationMax {
            old = young
            young = [:]
        }
        young[token.digest] = token
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
