public import PluginAPI

/// Reads a file of one account's open positions: a *complete* snapshot, because it is taken to list them all.
///
/// The fields are those of a snapshot's positions. The rows may also carry `account_id` and `as_of`; a file does not have
/// to say when it was written, so the moment comes from outside or from those, and without either it is refused.
public enum PositionFile {
    /// - Parameter asOf: The moment the positions were read; a row that names another is refused.
    /// - Throws: ``FileRefused`` with every problem, each with line and column, or for JSON with its pointer.
    public static func parse(
        _ bytes: [UInt8], format: FileFormat = .csv, account: String, asOf: Timestamp?
    ) throws(FileRefused) -> Snapshot {
        let fields = SnapshotBody.positionFields + ["account_id", "as_of"]
        var file = try FileRows(bytes, format: format, fields: fields)
        try file.fill("account_id", with: account)
        guard let moment = asOf?.description ?? stated(in: file.rows) else {
            throw FileRefused([.init(detail: "needs as_of, the moment its positions were read")])
        }
        try file.fill("as_of", with: moment) { Timestamp(parsing: $0) == Timestamp(parsing: $1) }
        let body = JSONValue.object([
            .init(name: "account_id", value: .string(account)),
            .init(name: "as_of", value: .string(moment)),
            .init(name: "completeness", value: .string("complete")),
            .init(name: "positions", value: .array(file.rows.map(position))),
        ])
        do throws(Problem) {
            return try SnapshotBody.parse(body)
        } catch {
            throw file.refusal(error, under: "/positions")
        }
    }

    private static func stated(in rows: [JSONValue]) -> String? {
        guard case .string(let text)? = rows.first?["as_of"] else { return nil }
        return text
    }

    /// A row without the two fields that a snapshot has once.
    private static func position(_ row: JSONValue) -> JSONValue {
        guard case .object(let members) = row else { return row }
        return .object(members.filter { !["account_id", "as_of"].contains($0.name) })
    }
}
