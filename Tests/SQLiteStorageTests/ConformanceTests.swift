import PluginConformance
import SQLiteStorage
import Testing

@Test("SQLite keeps every promise of StorageBackend", arguments: StorageRequirement.all)
func storageConformance(_ requirement: StorageRequirement) async throws {
    try await TemporaryDatabase.with { try await requirement.check($0.storage) }
}
