import PluginAPI

/// A link of the chain that holds the audit log together: the digest of some rows, in their order, and of the link before.
///
/// Who changes, adds or removes a row that is sealed has to change every seal from there on, up to the newest one, whose
/// digest anybody may have noted.
struct AuditSeal: Sendable, Equatable {
    /// From 1, without gaps.
    var number: Int64
    var sealedAt: Timestamp
    var rowsTotal: Int
    /// The digest of the seal before; empty for the first.
    var previous: String
    var digest: String

    /// Seals rows behind `last`.
    ///
    /// - Parameter rows: ID and digest of each, by time and then ID.
    init(behind last: (number: Int64, digest: String)?, at now: Timestamp, rows: [(id: String, digest: String)]) {
        number = (last?.number ?? 0) + 1
        previous = last?.digest ?? ""
        sealedAt = now
        rowsTotal = rows.count
        digest = Self.digest(number: number, sealedAt: now, previous: previous, rows: rows)
    }

    init(_ row: Row) {
        number = row.integer("seal") ?? 0
        sealedAt = row.timestamp("sealed_at") ?? Timestamp(microseconds: 0)
        rowsTotal = Int(row.integer("rows_total") ?? 0)
        previous = row.text("previous") ?? ""
        digest = row.text("digest") ?? ""
    }

    static func digest(
        number: Int64,
        sealedAt: Timestamp,
        previous: String,
        rows: [(id: String, digest: String)]
    ) -> String {
        var bytes: [UInt8] = []
        for part in ["\(number)", sealedAt.description, previous] + rows.flatMap({ [$0.id, $0.digest] }) {
            bytes += "\(part.utf8.count):".utf8
            bytes += part.utf8
        }
        return ContentHash.of(bytes)
    }
}
