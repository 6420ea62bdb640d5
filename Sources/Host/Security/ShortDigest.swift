import Crypto

/// A name by 128 bits of its SHA-256: of one size however long the name is, and no two names are found that share one.
struct ShortDigest: Hashable, Sendable {
    private let first, second: UInt64

    init(_ name: [UInt8]) {
        (first, second) = SHA256.hash(data: name).withUnsafeBytes { bytes in
            (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
    }
}
