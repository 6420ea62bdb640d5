import PluginAPI
import PluginConformance
import PostgresStorage
import Testing

extension AllTests {
    @Suite("Promises")
    struct ConformanceTests {
        @Test("PostgreSQL keeps every promise of StorageBackend", arguments: StorageRequirement.all)
        func storageConformance(_ requirement: StorageRequirement) async throws {
            let storage = PostgresStorageModule(
                url: Secret(try TestDatabase.common.get().url), poolSize: 8, overflowMax: 4)
            try await storage.start()
            do {
                try await requirement.check(storage)
            } catch {
                await storage.stop()
                throw error
            }
            await storage.stop()
        }
    }
}
