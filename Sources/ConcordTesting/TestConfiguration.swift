import PluginAPI

/// The configuration of a test's host.
struct TestConfiguration {
    var services: [ModuleDescriptor.ModuleID]
    var settings: [ModuleDescriptor.ModuleID: String]
    var sqlModules: String?
    /// For what the host keeps; empty at first.
    var directory: String

    /// As it would stand in `concord.yaml`. A machine that stands still for a while fails no test.
    var text: String {
        """
        log: { level: error }
        auth: { jwt: { secret: a-secret-of-forty-characters-for-tests-only } }
        storage: { sqlite: { path: \(directory)/concord.db } }
        modules: { sql: \(sqlModules ?? directory), limits: { deadline: 1h } }
        limits:
          requests_per_minute: 1000000
          agent_requests_per_minute: 1000000
          failed_auth_per_minute: 1000000
          request_timeout: 1h
        queries:

        """ + names.map { id in settings[id].map { "  - \(id): \($0)\n" } ?? "  - \(id)\n" }.joined()
    }

    /// The book is there for the test to fill, whether or not a service requires it.
    private var names: [ModuleDescriptor.ModuleID] {
        (["book"] + settings.keys.sorted()).filter { !services.contains($0) } + services
    }
}
