import BuiltIn
import HTTPTypes
import PluginAPI

/// What the admin API shows of a running host.
struct HostAdmin: AdminSource {
    let modules: ModuleHost
    let operations: [BoundOperation]
    let cacheModule: (any CacheBackend)?
    /// The configuration in use; `nil` shows none.
    let document: CheckedSetting?
    /// Counts configurations in use since the start.
    let configurationGeneration: Int

    func modules() async -> [AdminModule] {
        let loaded = modules.all
        let idle = BuiltInModules.all.filter { type in !loaded.contains { $0.id == type.descriptor.id } }
        return loaded.map { module in
            let descriptor =
                (module.module as? any QueryService)?.describedAs ?? type(of: module.module).descriptor
            return AdminModule(
                descriptor: descriptor, kind: module.kind.rawValue, status: modules.board[module.id],
                routes: routes(of: module.id), latency: modules.board.latency(of: module.id))
        } + idle.map { AdminModule(descriptor: $0.descriptor, kind: BuiltInModules.kind(of: $0), status: .disabled) }
    }

    func writeConfiguration(_ json: inout JSONWriter) { document.write(to: &json) }

    func cache() async -> AdminCache? {
        guard let cacheModule else { return nil }
        return AdminCache(module: type(of: cacheModule).descriptor.id, statistics: await cacheModule.statistics)
    }

    private func routes(of module: ModuleDescriptor.ModuleID) -> [String] {
        operations.filter { $0.module == module }.map { "\($0.method.rawValue) \($0.template)" }
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
