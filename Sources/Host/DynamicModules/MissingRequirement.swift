import PluginAPI

extension HostConfiguration {
    /// Why a dynamic module's requirement is not there when the module is made, and what to do, as a clause about it.
    ///
    /// - Parameters:
    ///   - module: The one that requires it.
    ///   - registered: The query services that are compiled in.
    func whyMissing(
        _ id: ModuleDescriptor.ModuleID, for module: ModuleDescriptor.ModuleID,
        among registered: [any QueryService.Type]
    ) -> String {
        if id == module { return "which is itself; take it out of what the module requires, and build it again" }
        if dynamicModules.contains(where: { $0.id == id }) {
            return "which comes later in `modules.dynamic` or is left out at this start; list it before"
        }
        if sqlModules.contains(where: { $0.id == id }) {
            return "which is a file in `\(modules.sql)`: no module can require an SQL module"
        }
        if registered.contains(where: { $0.descriptor.id == id }) {
            return "which `queries` does not load; list it there"
        }
        return "and there is no module of that ID; add it to `modules.dynamic` before this one"
    }
}
