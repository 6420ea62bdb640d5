import Crypto
import PluginAPI

/// IDs that Concord gives are hashes of what they name, so that two backends fed the same input give the same ones.
public enum DerivedID {
    /// `prefix` and 128 bits of the SHA-256 of the parts, each preceded by its length so that no two lists collide.
    public static func make(_ prefix: String, _ parts: String...) -> String {
        var hash = SHA256()
        for part in [prefix] + parts {
            hash.update(data: Array("\(part.utf8.count):".utf8))
            hash.update(data: Array(part.utf8))
        }
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("\(prefix)_".utf8)
        for byte in hash.finalize().prefix(16) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
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
