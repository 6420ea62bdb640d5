import PluginAPI
import StorageWork

/// One connection's work on a backup: the dump of the schema at one moment, and its way back into an empty one.
struct SchemaCopy {
    let connection: Connection
    /// The dump's file.
    let file: String
    let caller: any Interruptible

    /// What the server and the session say of themselves.
    private struct About {
        let schema: String
        let version: String
        let major: Int
        let searchPath: String
    }

    // MARK: Backing up

    /// Dumps the schema by `pg_dump` and looks at it, both in one snapshot.
    func dump<Output>(_ body: (StoredCopy) throws -> Output) throws -> Output {
        try told { () throws(ServerFailure) in try connection.beginSnapshot() }
        defer { connection.rollBack() }
        let about = try about()
        let tool = try ServerTool.find("pg_dump", serverMajor: about.major, for: caller)
        let names = try tableNames()
        try transaction.executeScript(SchemaContent.lock(names))
        guard let snapshot = try transaction.rows("SELECT pg_export_snapshot() AS id").first?.text("id") else {
            throw ModuleError.unavailable(reason: "the server lends no snapshot")
        }
        let place = try ToolConnection(connection.handle)
        let process = try ChildProcess(
            tool.path,
            [
                "--format=custom", "--file=\(file)", "--schema=\(SchemaContent.quoted(about.schema))",
                "--snapshot=\(snapshot)", "--no-owner", "--no-privileges", "--no-password",
                "--dbname=\(place.parameters)",
            ], environment: place.environment)
        // Both read the same snapshot, each at its own pace.
        let tables = try digests(of: names)
        try requireSuccess(process.wait(for: caller), of: tool)
        return try body(
            StoredCopy(
                tables: tables, transaction: transaction,
                notes: ["pg_dump": tool.version, "server": about.version, "schema": about.schema]))
    }

    // MARK: Restoring

    /// Runs the dump in one transaction and commits when `body` has seen what it brought.
    func restore<Output>(replacing: Bool, lock: Int64, _ body: (StoredCopy) throws -> Output) throws -> Output {
        try told { () throws(ServerFailure) in try connection.begin(lock: lock) }
        defer { connection.rollBack() }
        let about = try about()
        try makeRoom(in: about, replacing: replacing)
        let tool = try ServerTool.find("pg_restore", serverMajor: about.major, for: caller)
        try play(tool, schema: about.schema)
        _ = try transaction.rows("SELECT set_config('search_path', \(about.searchPath), false)")
        let names = try tableNames()
        guard !names.isEmpty else {
            throw ModuleError.unavailable(reason: "the backup holds nothing for the schema \(about.schema)")
        }
        let output = try body(
            StoredCopy(
                tables: try digests(of: names), transaction: transaction,
                notes: ["pg_restore": tool.version, "server": about.version, "schema": about.schema]))
        if caller.isOver { throw StorageError.timedOut }
        try told { () throws(ServerFailure) in try connection.commit() }
        return output
    }

    private func makeRoom(in about: About, replacing: Bool) throws {
        try OtherSessions(transaction: transaction, caller: caller).requireNone()
        let names = try tableNames()
        guard names.isEmpty || replacing else {
            let first = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
            throw RestorePlaceOccupied(
                reason: "the schema \(about.schema) of the database has \(names.count) tables already (\(first))")
        }
        try transaction.executeScript(replacing ? SchemaContent.dropAll : SchemaContent.dropFunctions)
    }

    /// Lets `pg_restore` write the dump as a script, and runs that here, so that all of it is one transaction.
    private func play(_ tool: ServerTool, schema: String) throws {
        let process = try ChildProcess(
            tool.path, ["--file=-", "--schema=\(schema)", "--no-owner", "--no-privileges", file], readsOutput: true)
        var script = DumpScript()
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = try process.read(into: &buffer, for: caller)
            if count == 0 { break }
            for step in script.take(buffer[..<count]) { try told { () throws(ServerFailure) in try run(step) } }
        }
        try requireSuccess(process.wait(for: caller), of: tool)
        guard let rest = script.finish() else {
            throw ModuleError.unavailable(reason: "\(tool.path) stopped in the middle of a table")
        }
        for step in rest { try told { () throws(ServerFailure) in try run(step) } }
    }

    private func run(_ step: DumpScript.Step) throws(ServerFailure) {
        switch step {
        case .statements(let text): try connection.run(script: text, called: "the backup's script")
        case .copy(let statement): try connection.beginRows(statement)
        case .rows(let rows): try connection.send(rows: rows)
        case .endOfRows: try connection.endRows()
        }
    }

    // MARK: Looking

    private var transaction: PostgresTransaction { PostgresTransaction(connection: connection) }

    /// The schema Concord uses on this connection, asked outside transactions.
    func schema() throws -> String {
        let statement = StatementText(SchemaContent.about, for: .postgres)
        return try about(told { () throws(ServerFailure) in try connection.read(statement) }).schema
    }

    private func about() throws -> About { try about(transaction.rows(SchemaContent.about)) }

    private func about(_ rows: Rows) throws -> About {
        guard let row = rows.first, let schema = row.text("name") else {
            throw ModuleError.unavailable(reason: "the database has no schema on the search path of this role")
        }
        return About(
            schema: schema, version: row.text("version") ?? "", major: Int(row.integer("major") ?? 0),
            searchPath: row.text("path") ?? "")
    }

    private func tableNames() throws(StorageError) -> [String] {
        try transaction.rows(SchemaContent.tables).compactMap { $0.text("name") }
    }

    private func digests(of names: [String]) throws(StorageError) -> [StoredTable] {
        try transaction.executeScript(SchemaContent.spelling)
        var tables: [StoredTable] = []
        for name in names {
            guard let row = try transaction.rows(SchemaContent.digest(of: name)).first else { continue }
            tables.append(
                StoredTable(name: name, rowsTotal: row.integer("rows_total") ?? 0, digest: row.text("digest") ?? ""))
        }
        return tables
    }

    private func requireSuccess(_ end: ChildProcess.End, of tool: ServerTool) throws(ModuleError) {
        guard end.code != 0 else { return }
        throw .unavailable(reason: "\(tool.path) \(tool.version) ended with exit code \(end.code): \(end.complaint)")
    }

    private func told<Output>(_ work: () throws(ServerFailure) -> Output) throws(StorageError) -> Output {
        do {
            return try work()
        } catch {
            throw error.error
        }
    }
}
