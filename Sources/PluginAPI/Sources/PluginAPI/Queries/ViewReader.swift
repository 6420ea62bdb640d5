/// Reads what modules show of their rows: the views of `docs/schema.md`, each statement through the scope of its request.
///
/// A statement names views and no accounts. Of a view it sees the rows of the accounts the request covers, or everybody's in an
/// operation whose scope is the platform; the database sees to that, whatever the statement says.
public protocol ViewReader: Sendable {
    /// Runs one reading statement for a request, within the request's deadline.
    ///
    /// - Parameters:
    ///   - sql: The statement; what is interpolated is bound.
    ///   - request: Whose accounts and deadline count.
    ///   - rowsMax: Rows it may answer at most.
    ///   - bytesMax: Bytes that the values it answers may take at most, each counted with 16 bytes more.
    /// - Throws: ``ScopedOverflow`` when it answers more than it may, which the host tells the client; otherwise
    ///   ``StorageError``.
    func rows(_ sql: SQL, for request: Request, rowsMax: Int, bytesMax: Int) async throws -> Rows
}

extension ViewReader {
    /// Runs one reading statement for a request: 10,000 rows and 1 MiB at most.
    public func rows(_ sql: SQL, for request: Request) async throws -> Rows {
        try await rows(sql, for: request, rowsMax: 10_000, bytesMax: 1_048_576)
    }
}
