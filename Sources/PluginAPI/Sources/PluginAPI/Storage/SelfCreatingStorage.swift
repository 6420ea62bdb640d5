/// A storage that makes its database at the first start.
public protocol SelfCreatingStorage: StorageBackend {
    /// Whether the database is there already. Looks, and makes nothing.
    var isCreated: Bool { get }
}
