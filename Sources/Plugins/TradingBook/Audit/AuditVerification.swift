import PluginAPI

/// Holds every row of the audit log against its digest, and every seal against its rows and the seal before.
struct AuditVerification: Sendable {
    /// What does not fit, in words, and where.
    struct Finding: Sendable, Equatable {
        var seal: Int64?
        var entry: String?
        var detail: String
    }

    static let findingsMax = 100
    /// Seals that are read at a time, together with their rows.
    private static let pageSize: Int64 = 100

    private(set) var rows = 0
    private(set) var unsealed = 0
    /// Seals, those whose rows the retention has removed included.
    private(set) var seals = 0
    private(set) var removed = 0
    private(set) var findings: [Finding] = []
    private(set) var findingsTotal = 0
    private var last: (number: Int64, digest: String)?

    /// Goes through the whole log, a page at a time.
    static func run(on storage: any StorageBackend, deadline: ContinuousClock.Instant?) async throws
        -> AuditVerification
    {
        var verification = AuditVerification()
        var start: Int64 = 0
        let end = try await storage.rows("SELECT max(seal) FROM audit_seals", deadline: deadline).first?.integer(0) ?? 0
        while start < end {
            let page = try await storage.rows(page(behind: start), deadline: deadline)
            for group in groups(of: page) {
                if try await verification.take(group, storage, deadline) == false { verification.removed += 1 }
            }
            start += pageSize
        }
        try await verification.takeOthers(end, storage, deadline)
        return verification
    }

    private static let columns: SQL =
        "l.audit_id, l.at, l.actor, l.action, l.object, l.before, l.after, l.request_id, l.digest AS row_digest"

    /// One statement, so that seals and rows are of one moment.
    private static func page(behind seal: Int64) -> SQL {
        """
        SELECT s.seal, s.sealed_at, s.rows_total, s.previous, s.digest, \(columns)
        FROM audit_seals s LEFT JOIN audit_logs l ON l.seal = s.seal
        WHERE s.seal > \(seal) AND s.seal <= \(seal + pageSize) ORDER BY s.seal, l.at, l.audit_id
        """
    }

    private static func groups(of page: Rows) -> [[Row]] {
        var groups: [[Row]] = []
        for row in page {
            if groups.last?.first?.integer("seal") == row.integer("seal") {
                groups[groups.count - 1].append(row)
            } else {
                groups.append([row])
            }
        }
        return groups
    }

    /// - Returns: Whether its rows are still there.
    private mutating func take(
        _ group: [Row],
        _ storage: any StorageBackend,
        _ deadline: ContinuousClock.Instant?
    ) async throws -> Bool {
        guard let first = group.first else { return true }
        let seal = AuditSeal(first)
        let entries = group.filter { $0.text("audit_id") != nil }
        seals += 1
        if seal.number != (last?.number ?? 0) + 1 {
            note(seal.number, nil, "does not follow seal \(last?.number ?? 0)")
        }
        if seal.previous != last?.digest ?? "" { note(seal.number, nil, "does not name the digest of the seal before") }
        last = (seal.number, seal.digest)
        if entries.isEmpty, try await isRemoved(seal, storage, deadline) { return false }

        for entry in entries { check(entry, seal.number) }
        let digest = AuditSeal.digest(
            number: seal.number, sealedAt: seal.sealedAt, previous: seal.previous,
            rows: entries.map { (id: $0.text("audit_id") ?? "", digest: $0.text("row_digest") ?? "") })
        if entries.count != seal.rowsTotal {
            note(seal.number, nil, "has \(entries.count) rows and was made of \(seal.rowsTotal)")
        } else if digest != seal.digest {
            note(seal.number, nil, "does not fit its rows")
        }
        return true
    }

    /// The retention removes the oldest seals' rows, all of them: none is left before.
    private func isRemoved(
        _ seal: AuditSeal,
        _ storage: any StorageBackend,
        _ deadline: ContinuousClock.Instant?
    ) async throws(StorageError) -> Bool {
        try await storage.rows("SELECT 1 FROM audit_logs WHERE seal <= \(seal.number) LIMIT 1", deadline: deadline)
            .isEmpty
    }

    /// Rows that wait for their seal, and those that name one that is not there.
    private mutating func takeOthers(
        _ end: Int64,
        _ storage: any StorageBackend,
        _ deadline: ContinuousClock.Instant?
    ) async throws {
        let strays = try await storage.rows(
            """
            SELECT l.audit_id, l.seal FROM audit_logs l
            WHERE l.seal IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_seals s WHERE s.seal = l.seal)
            ORDER BY l.at, l.audit_id LIMIT \(Self.findingsMax)
            """, deadline: deadline)
        for stray in strays { note(stray.integer(1), stray.text(0), "names a seal that is not there") }
        let waiting = try await storage.rows(
            "SELECT \(Self.columns) FROM audit_logs l WHERE l.seal IS NULL ORDER BY l.at, l.audit_id",
            deadline: deadline)
        unsealed = waiting.count
        for entry in waiting { check(entry, nil) }
    }

    private mutating func check(_ entry: Row, _ seal: Int64?) {
        rows += 1
        let digest = AuditEntry.digest(
            at: entry.timestamp("at") ?? Timestamp(microseconds: 0), actor: entry.text("actor") ?? "",
            action: entry.text("action") ?? "", object: entry.text("object") ?? "", before: entry.json("before"),
            after: entry.json("after") ?? "", requestID: entry.text("request_id") ?? "")
        if digest != entry.text("row_digest") { note(seal, entry.text("audit_id"), "does not fit its digest") }
    }

    private mutating func note(_ seal: Int64?, _ entry: String?, _ detail: String) {
        findingsTotal += 1
        if findings.count < Self.findingsMax { findings.append(Finding(seal: seal, entry: entry, detail: detail)) }
    }
}

extension AuditVerification {
    var reply: Reply {
        Reply { (json: inout JSONWriter) in
            json.field("intact", findingsTotal == 0)
            json.field("entries", rows)
            json.field("unsealed", unsealed)
            json.field("seals", seals)
            json.field("seals_removed", removed)
            json.field("last_seal", last?.number)
            json.field("digest", last?.digest)
            json.field("findings_total", findingsTotal)
            json.arrayField("findings", of: findings) { json, finding in
                json.object { json in
                    json.field("seal", finding.seal)
                    json.field("entry", finding.entry)
                    json.field("detail", finding.detail)
                }
            }
        }
    }

    static let schema: Schema = .object([
        "intact": .boolean, "entries": .integer, "unsealed": .integer, "seals": .integer, "seals_removed": .integer,
        "last_seal": .optional(.integer), "digest": .optional(.text), "findings_total": .integer,
        "findings": .array(
            .object(["seal": .optional(.integer), "entry": .optional(.text), "detail": .text])),
    ])
}
