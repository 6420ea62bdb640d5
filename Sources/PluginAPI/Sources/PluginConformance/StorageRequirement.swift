public import PluginAPI

/// A promise of ``StorageBackend`` that every backend keeps, checked through its public face only.
///
/// ```swift
/// @Test("SQLite keeps every promise of StorageBackend", arguments: StorageRequirement.all)
/// func conformance(_ requirement: StorageRequirement) async throws {
///     try await requirement.check(storage)
/// }
/// ```
public struct StorageRequirement: Sendable, CustomStringConvertible {
    /// The promise as a sentence.
    public let description: String
    private let body: @Sendable (any StorageBackend) async throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (any StorageBackend) async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// Tries the promise on a started backend; tables it makes are gone afterwards.
    ///
    /// - Throws: ``PromiseBroken``, or whatever the backend threw unexpectedly.
    public func check(_ storage: any StorageBackend) async throws { try await body(storage) }

    /// Every promise there is.
    public static let all: [StorageRequirement] = values + decimals + statements + transactions + patience + scopes
}

/// A table that lives for one promise.
///
/// Columns may use the portable types of ``Migration/script(_:for:)``.
func withTable(
    _ name: String,
    _ columns: String,
    in storage: any StorageBackend,
    _ body: () async throws -> Void
) async throws {
    try await storage.migrationTransaction { transaction in
        let script = "DROP TABLE IF EXISTS \(name); CREATE TABLE \(name) (\(columns))"
        try transaction.executeScript(Migration.script(script, for: transaction.dialect))
    }
    do {
        try await body()
    } catch {
        try? await drop(name, from: storage)
        throw error
    }
    try await drop(name, from: storage)
}

private func drop(_ table: String, from storage: any StorageBackend) async throws {
    try await storage.migrationTransaction { try $0.executeScript("DROP TABLE IF EXISTS \(table)") }
}

/// The storage error that `body` ends with, or `nil` when it returns.
func refusal(of body: () async throws -> Void) async throws -> StorageError? {
    do {
        try await body()
        return nil
    } catch let error as StorageError {
        return error
    }
}

/// The single integer a query answers.
func integer(_ sql: SQL, in storage: any StorageBackend) async throws -> Int64? {
    try await storage.rows(sql).first?.integer(0)
}

/// An error of a body's own.
struct Refused: Error {}

extension StorageError {
    var isConstraint: Bool { if case .constraint = self { true } else { false } }
    var isStatement: Bool { if case .statement = self { true } else { false } }
}
