import BuiltIn
import PluginAPI

/// A module's file as a query service.
///
/// Its statements see views only, each call's through the scope of its accounts; the database sees to that.
struct SQLService: NamedModule {
    static let descriptor = ModuleDescriptor(id: "sql", summary: "Queries written in SQL", requires: ["book"])

    let definition: SQLModuleDefinition
    private let storage: any ScopedStorage
    private let views: ScopedViewReader
    private let invalidator: any CacheInvalidator
    private let logger: any Logger

    init(
        _ definition: SQLModuleDefinition, storage: any ScopedStorage, invalidator: any CacheInvalidator,
        logger: any Logger
    ) {
        self.definition = definition
        self.storage = storage
        views = ScopedViewReader(storage)
        self.invalidator = invalidator
        self.logger = logger
    }

    var moduleDescriptor: ModuleDescriptor { definition.descriptor }

    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        throw .misconfigured(key: "", detail: "is made of a file in modules.sql")
    }

    /// Looks at every statement as the live schema has it.
    ///
    /// - Throws: ``ModuleError/unavailable(reason:)`` with file, line and column of the first that does not fit.
    func start() async throws {
        try await inspect()
        try await views.provide()
        // Answers of what the file said before may lie in a cache that outlives the host.
        await invalidator.invalidate([.module(definition.id)])
    }

    /// Has the database read every statement, and changes nothing in it.
    func inspect() async throws {
        for method in definition.methods {
            do {
                try method.check(
                    await storage.inspect(
                        method.sample, over: BuiltInModules.views, isForPlatform: definition.isForPlatform))
            } catch let fault as StatementFault {
                throw ModuleError.unavailable(reason: complaint(fault, of: method))
            }
        }
    }

    /// Nothing of its own can fail: its storage has a status of its own.
    func health() async -> ModuleHealth { .ok }

    var operations: [Operation] { definition.methods.map(operation) }

    /// What the database says of a statement, where it stands in the file.
    func complaint(_ fault: StatementFault, of method: SQLModuleDefinition.Method) -> String {
        let text = method.statement.text
        let offset = fault.place.map { method.statement.offset(of: $0, in: storage.dialect) } ?? 0
        let position = method.place.position(of: offset, in: text)
        return "\(definition.file):\(position.line):\(position.column): \(fault.detail)"
    }

    private func operation(_ method: SQLModuleDefinition.Method) -> Operation {
        .query(
            method.name, at: "/\(definition.id)/\(method.name)",
            summary: method.summary.isEmpty ? definition.summary : method.summary,
            scope: definition.isForPlatform ? .platform : .accounts,
            roles: definition.isForPlatform ? [.operator] : [.user, .agent, .operator], ttl: method.ttl,
            parameters: method.parameters.map(\.declaration), reply: method.reply
        ) { request in try await answer(method, request) }
    }

    private func answer(_ method: SQLModuleDefinition.Method, _ request: Request) async throws -> Reply {
        for parameter in method.parameters where parameter.isRequired && request.parameters[parameter.name] == nil {
            throw Problem.badParameter(parameter.name, "is required")
        }
        let latest = ContinuousClock.now + method.limits.time
        let query = ScopedQuery(
            method.sql { request.parameters[$0] ?? .null },
            scope: definition.isForPlatform ? .platform : .accounts(request.accounts), rowsMax: method.limits.rows,
            bytesMax: method.limits.bytes)
        do {
            let deadline = request.deadline.map { min($0, latest) } ?? latest
            let rows = try await views.rows(query, deadline: deadline)
            return try method.reply(of: rows)
        } catch let mismatch as ColumnMismatch {
            logger.error(
                "a column is not what it is declared to be",
                [
                    "file": definition.file, "method": method.name, "column": mismatch.column, "holds": mismatch.held,
                ])
            throw mismatch
        }
    }
}

extension SQLModuleDefinition {
    /// As lists show it: a file has no version of its own.
    var descriptor: ModuleDescriptor {
        ModuleDescriptor(
            id: id, summary: summary, requires: SQLService.descriptor.requires, stability: stability)
    }
}

/// A value is not of its column's kind.
struct ColumnMismatch: Error {
    let column: String
    let held: String
}

extension SQLModuleDefinition.Method {
    /// The statement with any values.
    var sample: SQL { sql { name in parameters.first { $0.name == name }?.sample ?? .null } }

    func sql(_ value: (String) -> Value) -> SQL {
        statement.sql(value) { name in parameters.first { $0.name == name }?.valueKind ?? .text }
    }

    /// Every column may be NULL: an aggregate over nothing is.
    var reply: Schema {
        var fields: Schema.Fields = [:]
        fields.members = columns.map { (name: $0.name, schema: .optional($0.kind.schema)) }
        return .rows(fields)
    }

    /// - Throws: ``StatementFault`` when the database answers other columns than were read in the statement.
    func check(_ found: [ScopedColumn]) throws(StatementFault) {
        guard found.map(\.name) == columns.map(\.name) else {
            throw StatementFault("the database answers the columns \(found.map(\.name).joined(separator: ", "))")
        }
        for (column, found) in zip(columns, found) {
            guard let kind = found.kind, kind != column.kind, !(kind == .decimal && column.kind == .integer) else {
                continue
            }
            throw StatementFault(
                "the column \(column.name) holds \(kind.rawValue), not \(column.kind.rawValue); declare it under `columns`"
            )
        }
    }

    /// - Throws: ``ColumnMismatch``.
    func reply(of rows: Rows) throws(ColumnMismatch) -> Reply {
        for row in rows {
            for (index, column) in columns.enumerated() where !holds(row, index, column.kind) {
                throw ColumnMismatch(column: column.name, held: "\(row.stored(index))")
            }
        }
        return Reply(rows: rows, as: reply)
    }

    /// A time that has a calendar is in the years 1 to 9999.
    private func holds(_ row: Row, _ index: Int, _ kind: ValueKind) -> Bool {
        guard row.holds(kind, at: index) else { return false }
        guard kind == .timestamp, let time = row.timestamp(index) else { return true }
        return (-62_135_596_800_000_000..<253_402_300_800_000_000).contains(time.microseconds)
    }
}

extension ValueKind {
    fileprivate var schema: Schema {
        switch self {
        case .boolean: .boolean
        case .integer: .integer
        case .decimal: .decimal
        case .timestamp: .timestamp
        case .json: .anyObject
        default: .text
        }
    }
}
