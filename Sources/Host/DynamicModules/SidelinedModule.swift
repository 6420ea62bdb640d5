import PluginAPI

/// Stands where a dynamic module would that the host starts without: it serves nothing, and says why.
struct SidelinedModule: NamedModule {
    static let descriptor = ModuleDescriptor(id: "dynamic", summary: "A dynamic module that ended the host")

    let moduleDescriptor: ModuleDescriptor
    private let reason: String

    init(_ id: ModuleDescriptor.ModuleID, reason: String) {
        moduleDescriptor = ModuleDescriptor(id: id, summary: Self.descriptor.summary)
        self.reason = reason
    }

    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        throw .misconfigured(key: "", detail: "stands for a module that is not started")
    }

    var operations: [Operation] { [] }

    func start() async throws { throw ModuleError.unavailable(reason: reason) }
}
