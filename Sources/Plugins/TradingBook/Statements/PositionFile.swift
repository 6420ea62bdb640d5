public import PluginAPI

/// Reads a file of one account's open positions: a *complete* snapshot, because it is taken to list them all.
///
/// The fields are those of a snapshot's positions. The rows may also carry `account_id` and `as_of`; a file does not have
/// to say when it was written, so the moment comes from outside or from those, and without either it is refused.
public enum PositionFile {
    /// What a file of positions may hold for a comparison that stores nothing: its size alone bounds it then.
    public static let rowsMax = 1_000_000

    /// A snapshot with each ticket once, and the rows of its file that repeat one of its positions to the last field.
    public struct Content: Sendable, Equatable {
        public var snapshot: Snapshot
        public var repeats: [BrokerPosition]
        /// `nil` when no row names one.
        public var account: String?

        init(_ listed: (snapshot: Snapshot, account: String?)) {
            (snapshot, account) = listed
            let all = snapshot.positions
            snapshot.positions = snapshot.distinctPositions
            repeats = zip(all, all.dropFirst()).compactMap { $0.ticket == $1.ticket ? $1 : nil }
        }
    }

    /// - Parameter asOf: The moment the positions were read; a row that names another is refused.
    /// - Throws: ``FileRefused`` with every problem, each with line and column, for JSON with its pointer too.
    public static func parse(
        _ bytes: [UInt8], format: FileFormat = .csv, account: String, asOf: Timestamp?
    ) throws(FileRefused) -> Snapshot {
        try listed(FileRows(bytes, format: format, fields: fields), account, asOf, SnapshotBody.positionsMax).snapshot
    }

    /// Reads a file for a comparison alone: a JSON file may also hold one whole snapshot, as `POST /snapshots` takes it,
    /// with its own completeness and figures.
    ///
    /// - Parameter account: Whose positions they must be; `nil` takes the account that the file names.
    public static func read(
        _ bytes: [UInt8], format: FileFormat, account: String?, asOf: Timestamp?
    ) throws(FileRefused) -> Content {
        guard format == .json else {
            return Content(try listed(FileRows(bytes, format: .csv, fields: fields), account, asOf, rowsMax))
        }
        let document = try FileRows.document(bytes)
        if case .object = document { return try whole(document, bytes, account, asOf) }
        return Content(try listed(FileRows(elementsOf: document, text: bytes), account, asOf, rowsMax))
    }

    private static let fields = SnapshotBody.positionFields + ["account_id", "as_of"]

    private static func listed(
        _ rows: FileRows, _ account: String?, _ asOf: Timestamp?, _ rowsMax: Int
    ) throws(FileRefused) -> (snapshot: Snapshot, account: String?) {
        var file = rows
        let stated = account ?? file.stated("account_id")
        try file.fill("account_id", with: stated ?? FileRows.unnamedAccount)
        guard let moment = asOf?.description ?? file.stated("as_of") else {
            throw FileRefused([.init(detail: "needs as_of, the moment its positions were read")])
        }
        try file.fill("as_of", with: moment) { Timestamp(parsing: $0) == Timestamp(parsing: $1) }
        let rows = file.rows.map(position)
        let body = JSONValue.object([
            .init(name: "account_id", value: .string(stated ?? FileRows.unnamedAccount)),
            .init(name: "as_of", value: .string(moment)),
            .init(name: "completeness", value: .string("complete")),
            .init(name: "positions", value: .array(rows)),
        ])
        do throws(Problem) {
            return (try SnapshotBody.parse(JSONDocument(body), positionsMax: rowsMax), stated)
        } catch {
            throw file.refusal(error, under: "/positions")
        }
    }

    private static func whole(
        _ document: JSONValue, _ bytes: [UInt8], _ account: String?, _ asOf: Timestamp?
    ) throws(FileRefused) -> Content {
        let snapshot: Snapshot
        do throws(Problem) {
            snapshot = try SnapshotBody.parse(JSONDocument(document), positionsMax: rowsMax)
        } catch {
            throw try FileRows(elementsOf: .array([]), text: bytes).refusal(error)
        }
        var problems = FileProblems()
        var places = JSONPlaces(bytes)
        for (name, stated, wanted) in [
            ("account_id", snapshot.account, account), ("as_of", snapshot.asOf.description, asOf?.description),
        ] {
            guard let wanted, wanted != stated else { continue }
            let place = places.place(of: "/\(name)")
            let detail = "is \(stated), but the file is read for \(wanted)"
            problems.add(.init(line: place.line, column: place.column, section: "/\(name)", detail: detail))
        }
        try problems.throwIfAny()
        return Content((snapshot, snapshot.account))
    }

    /// A row without the two fields that a snapshot has once.
    private static func position(_ row: JSONValue) -> JSONValue {
        guard case .object(let members) = row else { return row }
        return .object(members.filter { !["account_id", "as_of"].contains($0.name) })
    }
}
