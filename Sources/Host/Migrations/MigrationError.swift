/// Why the schema cannot be brought to where the program wants it. Nothing was changed by the migration concerned.
enum MigrationError: Error, Equatable, Sendable {
    /// The database has migrations this program does not know: it was made by a newer one. Use that one, or go back.
    case databaseIsNewer(ids: [String])
    /// A migration that was applied has another text now. Restore the text; changes go into a new migration.
    case checksumChanged(id: String)
    /// A migration's place comes before one that was applied already. Undo the later ones first.
    case outOfOrder(id: String, after: String)
    /// `down --to` names a migration that is not applied.
    case notApplied(id: String)
    /// Two modules, or two steps of one, have the same ID.
    case duplicate(id: String)
}

extension MigrationError: CustomStringConvertible {
    var description: String {
        switch self {
        case .databaseIsNewer(let ids):
            "the database is newer than this program: it has \(ids.joined(separator: ", ")), which this program does not "
                + "know; use the program that applied it"
        case .checksumChanged(let id):
            "migration \(id) was applied with another text than this program has; restore it and put the change into a "
                + "new migration"
        case .outOfOrder(let id, let after):
            "migration \(id) of a module is not applied although its later one \(after) is; undo that one first"
        case .notApplied(let id):
            "migration \(id) is not applied; `migrate status` lists those which are"
        case .duplicate(let id):
            "migration \(id) is declared twice"
        }
    }
}
