import BuiltIn
import PluginAPI

extension HostAssembly {
    /// All compiled-in modules in dependency order: every schema applies, whichever modules are in use.
    static var schemaOrder: [any Module.Type] { BuiltInModules.all }
}
