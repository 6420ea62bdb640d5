/// A storage that can be copied whole into one file while it is used, and put back whole from it.
///
/// Both are asked of a module that has not been started, because a backup runs beside the host that has. Both observe
/// cancellation, and say why they failed by ``ModuleError/unavailable(reason:)``.
public protocol BackupCapable: StorageBackend {
    /// Writes everything that is stored at one moment into a file, which is there and empty. Nobody who reads or writes
    /// meanwhile waits or fails for it.
    ///
    /// - Parameters:
    ///   - file: Its path.
    ///   - body: Looks at what was copied; what it throws ends the backup.
    func backUp<Result: Sendable>(
        into file: String,
        _ body: @escaping @Sendable (StoredCopy) throws -> Result
    ) async throws -> Result

    /// Makes what a file holds the content of `place`, whole or not at all.
    ///
    /// - Parameters:
    ///   - file: Its path.
    ///   - place: What is put back.
    ///   - body: Looks at what was restored before it counts; what it throws leaves the place as it was.
    /// - Throws: ``RestorePlaceOccupied`` before anything is done.
    func restore<Result: Sendable>(
        from file: String,
        to place: RestorePlace,
        _ body: @escaping @Sendable (StoredCopy) throws -> Result
    ) async throws -> Result
}

/// Where a backup is put back.
public enum RestorePlace: Sendable, Equatable {
    /// The configured storage, which must be empty unless what is there may go.
    case storage(replacing: Bool)
    /// An empty database made for the purpose and removed afterwards, to see whether the backup can be restored.
    case throwAway
}

/// What a backup holds, for whoever checks it. Valid only inside the body it was given to.
public struct StoredCopy {
    /// Every table, by name.
    public let tables: [StoredTable]
    /// Reads what was copied, and writes nothing.
    public let transaction: any Transaction
    /// What made the copy, by name and for people, such as the version of a tool.
    public let notes: [String: String]

    /// What was copied; see its members.
    public init(tables: [StoredTable], transaction: any Transaction, notes: [String: String] = [:]) {
        self.tables = tables
        self.transaction = transaction
        self.notes = notes
    }
}

/// A table as it is compared: two with equal digests hold the same rows, in whatever order.
public struct StoredTable: Sendable, Equatable {
    /// The table's name.
    public let name: String
    /// Rows in it.
    public let rowsTotal: Int64
    /// Hexadecimal; only digests of the same storage module compare.
    public let digest: String

    /// A table's figures; see its members.
    public init(name: String, rowsTotal: Int64, digest: String) {
        self.name = name
        self.rowsTotal = rowsTotal
        self.digest = digest
    }
}

/// The storage to restore into holds something already.
public struct RestorePlaceOccupied: Error, Equatable, Sendable {
    /// A sentence that names it.
    public let reason: String

    /// What is in the way, as a clause.
    public init(reason: String) {
        self.reason = reason
    }
}
