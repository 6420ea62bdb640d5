import CLibpq
import PluginAPI

/// The PostgreSQL types Concord reads and writes, by their object ID.
enum ServerType {
    static let unknown: Oid = 0
    static let boolean: Oid = 16
    static let bigint: Oid = 20
    static let smallint: Oid = 21
    static let integer: Oid = 23
    static let text: Oid = 25
    static let json: Oid = 114
    static let timestamp: Oid = 1_184
    static let numeric: Oid = 1_700
    /// `name` and `varchar` are what the catalog answers with.
    static let texts: Set<Oid> = [text, json, 19, 1_042, 1_043]
    static let floats: Set<Oid> = [700, 701]

    /// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
    static let epoch: Int64 = 946_684_800_000_000

    /// The type a value is sent as; NULL goes into whatever the server finds.
    static func of(_ value: Value) -> Oid {
        switch value {
        case .null: unknown
        case .boolean: boolean
        case .integer: bigint
        case .decimal: numeric
        case .text: text
        case .timestamp: timestamp
        case .json: json
        }
    }
}
