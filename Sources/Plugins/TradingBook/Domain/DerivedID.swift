import Crypto
import PluginAPI

/// IDs that Concord gives are hashes of what they name, so that two backends fed the same input give the same ones.
public enum DerivedID {
    /// `prefix` and 128 bits of the SHA-256 of the parts, each preceded by its length so that no two lists collide.
    public static func make(_ prefix: String, _ parts: String...) -> String {
        var named: [UInt8] = []
        named.reserveCapacity(128)
        for part in [prefix] + parts {
            named.append(contentsOf: "\(part.utf8.count):".utf8)
            named.append(contentsOf: part.utf8)
        }
        return "\(prefix)_\(SHA256.hash(data: named).prefix(16).hexadecimal)"
    }

    /// The ID of an account's position with this ticket.
    public static func position(account: String, ticket: Int64) -> String {
        make("pos", account, "ticket", String(ticket))
    }

    /// The ID of a stored snapshot: the account and the SHA-256 of its canonical content.
    public static func snapshot(account: String, contentHash: String) -> String {
        make("snap", account, contentHash)
    }
}
