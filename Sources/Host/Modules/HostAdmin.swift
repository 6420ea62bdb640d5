import BuiltIn
import HTTPTypes
import PluginAPI

/// What the admin API shows of a running host.
struct HostAdmin: AdminSource {
    let modules: ModuleHost
    let operations: [BoundOperation]
    let cacheModule: (any CacheBackend)?
    let configuration: HostConfiguration
    /// The same with its origins; `nil` shows none.
    let document: CheckedSetting?
    /// Counts configurations in use since the start.
    let configurationGeneration: Int

    func modules() async -> [AdminModule] {
        let loaded = modules.all
        let idle = BuiltInModules.all.filter { type in !loaded.contains { $0.id == type.descriptor.id } }
        return loaded.map(shown)
            + idle.map {
                AdminModule(descriptor: $0.descriptor, kind: BuiltInModules.kind(of: $0), status: .disabled)
            }
    }

    private func shown(_ module: SupervisedModule) -> AdminModule {
        let service = module.module as? any QueryService
        let record = modules.board.record(of: module.id)
        return AdminModule(
            descriptor: service?.describedAs ?? type(of: module.module).descriptor, kind: module.kind.rawValue,
            source: configuration.source(of: module.id), isLoaded: true, status: record.status,
            operations: operations.filter { $0.module == module.id }, latency: record.latency,
            limits: service.map { _ in configuration.limits(of: module.id) },
            overdueCalls: record.gates?.overdue ?? 0, waitingCalls: record.gates?.waiting ?? 0,
            lastFault: record.lastFault, configuration: document?.section(of: module.id, module.kind),
            file: configuration.file(of: module.id))
    }

    func writeConfiguration(_ json: inout JSONWriter) { document.write(to: &json) }

    func cache() async -> AdminCache? {
        guard let cacheModule else { return nil }
        return AdminCache(module: type(of: cacheModule).descriptor.id, statistics: await cacheModule.statistics)
    }

}

extension CheckedSetting {
    /// The settings of a module; `nil` where there are none.
    func section(of id: ModuleDescriptor.ModuleID, _ kind: ModuleKind) -> CheckedSetting? {
        switch kind {
        case .query:
            self["queries"]?.items.lazy.compactMap(\.entries.first).first { $0.key == id }?.setting
                ?? dynamicModules.first { $0.id == id }?.settings
        case .storage, .cache: setting(at: "\(kind.rawValue).\(id)")
        }
    }
}

extension CheckedSetting? {
    /// Writes the setting as JSON, each scalar as the file would spell it; secrets are spelled `•••` already.
    func write(to json: inout JSONWriter) {
        switch self?.content {
        case nil: json.null()
        case .scalar(let value, let text)?: CheckedSetting.write(value, text, to: &json)
        case .list(let items)?: json.array(of: items) { json, item in CheckedSetting?(item).write(to: &json) }
        case .mapping(let entries)?:
            json.object { json in
                for entry in entries {
                    json.key(entry.key)
                    CheckedSetting?(entry.setting).write(to: &json)
                }
            }
        }
    }
}

extension CheckedSetting {
    fileprivate static func write(_ value: ConfigurationValue, _ text: String, to json: inout JSONWriter) {
        switch value {
        case .integer(let number): json.integer(Int64(number))
        case .boolean(let flag): json.boolean(flag)
        default: json.string(text)
        }
    }
}
