import BuiltIn
import PluginAPI

extension LoadedModules {
    /// The module that an operator wants to disable or enable.
    ///
    /// - Throws: 404 for an ID that nothing has, 409 for a module that is not loaded or that others cannot do without.
    func switchable(_ id: ModuleDescriptor.ModuleID, isOn: Bool) throws(Problem) -> SupervisedModule {
        guard let module = host.all.first(where: { $0.id.utf8.elementsEqual(id.utf8) }) else {
            guard BuiltInModules.all.contains(where: { $0.descriptor.id.utf8.elementsEqual(id.utf8) }) else {
                throw .notFound("There is no module of this ID.")
            }
            throw .conflict("The configuration does not load the module \(id); list it there, and reload.")
        }
        guard !isOn else { return module }
        guard module.kind == .query else {
            throw .conflict("The module \(id) cannot be disabled: it is the \(module.kind.rawValue) in use.")
        }
        let others = services.filter { $0.describedAs.requires.contains(id) }.map(\.moduleID)
        guard others.isEmpty, !(made[id]?.module is any AccountDirectory) else {
            let reason =
                others.isEmpty
                ? "the host asks it whose accounts are whose" : "it is required by \(others.joined(separator: ", "))"
            throw .conflict("The module \(id) cannot be disabled: \(reason).")
        }
        return module
    }
}
