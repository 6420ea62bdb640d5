import Crypto
import PluginAPI

/// Verified tokens until they expire, by digest and never by their text, bounded in number.
///
/// Two generations: entries are put into the young one; when it is half the capacity it becomes the old one, and what was
/// old and not asked for since is forgotten. That costs O(1) and keeps what is in use.
struct TokenMemory: Sendable {
    struct Entry: Sendable, Equatable {
        var caller: Caller
        var validUntil: Timestamp
        /// The epoch the token was verified in.
        var epoch: UInt64
    }

    /// Grows when everything verified so far must be verified again.
    private(set) var epoch: UInt64 = 0
    private let generationMax: Int
    private var young: [TokenDigest: Entry] = [:]
    private var old: [TokenDigest: Entry] = [:]

    var count: Int { young.count + old.count }

    init(capacity: Int) {
        precondition(capacity >= 2, "a token memory holds at least two tokens")
        generationMax = capacity / 2
    }

    mutating func caller(for digest: TokenDigest, at now: Timestamp) -> Caller? {
        if let entry = young[digest] { return isGood(entry, at: now) ? entry.caller : nil }
        guard let entry = old.removeValue(forKey: digest), isGood(entry, at: now) else { return nil }
        insert(entry, for: digest)
        return entry.caller
    }

    /// Keeps `entry` unless the epoch has moved on while the token was being verified.
    mutating func remember(_ entry: Entry, for digest: TokenDigest) {
        guard entry.epoch == epoch else { return }
        old.removeValue(forKey: digest)
        insert(entry, for: digest)
    }

    mutating func forgetAll() {
        epoch += 1
        young = [:]
        old = [:]
    }

    private mutating func insert(_ entry: Entry, for digest: TokenDigest) {
        if young.count >= generationMax {
            old = young
            young = [:]
        }
        young[digest] = entry
    }

    private func isGood(_ entry: Entry, at now: Timestamp) -> Bool {
        entry.epoch == epoch && now < entry.validUntil
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
