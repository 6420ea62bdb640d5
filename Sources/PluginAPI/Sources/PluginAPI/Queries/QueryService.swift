/// A module that answers queries, and commands where it keeps state, over the host's HTTP API.
///
/// It declares operations; routing, authentication, authorisation, validation, caching, limits, metrics and documentation
/// come from the declarations.
public protocol QueryService: Module {
    /// Everything it answers. The same for as long as the module is loaded.
    var operations: [Operation] { get }
}

/// Knows which accounts there are and whose they are. The book is one; the host asks it before every query.
public protocol AccountDirectory: Module {
    /// The IDs of a user's accounts, sorted as bytes; empty for a user nobody has heard of.
    func accounts(of user: String) async throws(StorageError) -> [String]
    /// The owner of an account, or `nil` when there is no such account.
    func owner(of account: String) async throws(StorageError) -> String?
}
