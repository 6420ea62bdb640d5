import PluginAPI

/// What `concord modules check FILE` says of a library: whether this host runs it, and what an operator writes to have that.
///
/// The library is loaded for it: only its code knows what it is.
struct LibraryReport {
    private let file: ModuleFile
    private let library: ModuleLibrary

    /// - Throws: ``ModuleRefusal``.
    init(path: String) throws(ModuleRefusal) {
        file = try ModuleFile(path: path, isProtected: false)
        library = try ModuleLibraries.shared.load(file)
        let id = library.type.descriptor.id
        try DynamicModuleSource(id: id, file: file.name, digest: file.digest).check()
        guard !ModuleCatalog.compiledIn.takenIDs.contains(id), id != QueryPath.hostModule else {
            throw ModuleRefusal(.id, "is “\(id)”, which is compiled in", hint: "every module has an ID of its own")
        }
        operations = try Self.operations(of: library.type)
    }

    var text: String {
        let descriptor = library.type.descriptor
        return """
            \(file.path): good
            \(descriptor.id) \(descriptor.version): \(descriptor.summary)
            built for PluginAPI \(library.build.version)

            \(operations)To have it loaded, put it into the directory that modules.directory names, and write:

            modules:
              dynamic:
                - { id: \(descriptor.id), file: \(YAMLText.scalar(file.name)), sha256: \(file.digest)\(settings) }
            """
    }

    /// Those that it must have.
    private var settings: String {
        let keys = library.type.configuration.keys.filter(\.isNeeded).map { "\($0.name): …" }
        return keys.isEmpty ? "" : ", config: { \(keys.joined(separator: ", ")) }"
    }

    /// They can be told where no setting has to be made up.
    private let operations: String

    /// - Throws: ``ModuleRefusal`` for operations that no host would serve.
    private static func operations(of type: any QueryService.Type) throws(ModuleRefusal) -> String {
        guard !type.configuration.keys.contains(where: \.isNeeded) else {
            return "  (what it answers is known once it has its settings)\n\n"
        }
        let module: any QueryService
        do {
            module = try ModuleFactory.idle.alone(type)
        } catch {
            return "  (what it answers is not known: it does not take its own defaults: \(error))\n\n"
        }
        var names: Set<String> = []
        for operation in module.operations {
            let repeated = names.insert(operation.name).inserted ? [] : ["is declared twice"]
            if let problem = (repeated + DeclarationCheck(operation).problems).first {
                throw ModuleRefusal(.file, "has an operation that no host serves: \(operation.name) \(problem)")
            }
        }
        return module.operations.map { operation in
            "  \(operation.method.rawValue) /api/v1\(operation.path): \(operation.name)\n"
        }.joined() + "\n"
    }
}
