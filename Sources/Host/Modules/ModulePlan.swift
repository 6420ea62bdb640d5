import PluginAPI

/// Which query services are loaded and in which order: those the configuration names, and before each what it requires.
struct ModulePlan: Sendable, Equatable {
    /// Module IDs, every requirement before what requires it, otherwise in the configuration's order.
    let order: [ModuleDescriptor.ModuleID]

    /// - Parameters:
    ///   - wanted: The IDs the configuration lists, in its order.
    ///   - registered: What is compiled in.
    init(
        wanted: [ModuleDescriptor.ModuleID],
        registered: [ModuleDescriptor]
    ) throws(ModulePlanError) {
        let descriptors = Dictionary(registered.map { ($0.id, $0) }) { first, _ in first }
        var builder = Builder(descriptors: descriptors)
        for id in wanted { try builder.place(id, requiredBy: []) }
        order = builder.order
    }

    /// Depth-first placement; the path from the root is what a cycle is reported with.
    private struct Builder {
        let descriptors: [ModuleDescriptor.ModuleID: ModuleDescriptor]
        var order: [ModuleDescriptor.ModuleID] = []

        mutating func place(_ id: ModuleDescriptor.ModuleID, requiredBy path: [String]) throws(ModulePlanError) {
            if order.contains(id) { return }
            if let start = path.firstIndex(of: id) { throw .cycle(Array(path[start...]) + [id]) }
            guard let descriptor = descriptors[id] else {
                throw .missing(id, requiredBy: path.last, registered: descriptors.keys.sorted())
            }
            for requirement in descriptor.requires { try place(requirement, requiredBy: path + [id]) }
            order.append(id)
        }
    }
}

/// Why the configured modules cannot be put in an order.
enum ModulePlanError: Error, Equatable, CustomStringConvertible {
    /// Nobody registered the module; add it to `BuiltInModules.swift` or take it out of `queries`.
    case missing(ModuleDescriptor.ModuleID, requiredBy: ModuleDescriptor.ModuleID?, registered: [String])
    /// Modules require each other in a circle.
    case cycle([ModuleDescriptor.ModuleID])

    var description: String {
        switch self {
        case .missing(let id, let requiredBy, let registered):
            "module \(id)\(requiredBy.map { ", which \($0) requires," } ?? "") is not compiled in; "
                + "there are: \(registered.joined(separator: ", "))"
        case .cycle(let path):
            "modules require each other in a circle: \(path.joined(separator: " → "))"
        }
    }
}
