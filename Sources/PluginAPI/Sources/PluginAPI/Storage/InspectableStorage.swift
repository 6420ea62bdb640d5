/// A storage whose ``Module/start()`` may put something into the database, and which can do without for a look.
public protocol InspectableStorage: StorageBackend {
    /// Opens the database as it is and changes nothing in it. Stopped like any other.
    func startInspecting() async throws
}
