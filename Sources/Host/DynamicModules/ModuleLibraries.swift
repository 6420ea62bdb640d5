import CDynamicModules
import PluginAPI
import Synchronization

/// The libraries that this process has loaded. One of the same bytes is loaded once, and none ever leaves: Swift's runtime
/// keeps references into what it has seen.
final class ModuleLibraries: Sendable {
    /// The process'.
    static let shared = ModuleLibraries(trial: LibraryTrial.run)

    private let trial: @Sendable (ModuleFile) throws(ModuleRefusal) -> Void
    private let sidelined = Mutex<[DynamicModuleSource: String]>([:])
    private let known = Mutex<[String: Result<ModuleLibrary, ModuleRefusal>]>([:])

    /// - Parameter trial: What a library has to pass before it is loaded here.
    init(trial: @escaping @Sendable (ModuleFile) throws(ModuleRefusal) -> Void = { _ in }) {
        self.trial = trial
    }

    /// The library with these bytes, loaded at most once; one that is no module of this host's is not loaded a second time to
    /// find that out again.
    ///
    /// - Parameter id: What its module has to be called; `nil` for whatever it is.
    func load(_ file: ModuleFile, as id: ModuleDescriptor.ModuleID? = nil) throws(ModuleRefusal) -> ModuleLibrary {
        let library = try known.withLock { known throws(ModuleRefusal) in
            if let result = known[file.digest] { return result }
            try trial(file)
            // A trap from here to the last question is the library's.
            concord_traps_begin_opening(id ?? file.name, file.digest)
            defer { concord_traps_end_opening() }
            let handle = try LibraryHandle(file)
            let result = Result { () throws(ModuleRefusal) in try ModuleLibrary(handle) }
            known[file.digest] = result
            return result
        }.get()
        try library.check(id)
        return library
    }

    /// Whether the type is one of a library's.
    func has(_ type: any Module.Type) -> Bool {
        known.withLock { known in known.values.contains { (try? $0.get())?.type == type } }
    }

    /// Remembers that the host goes without a module, and why.
    func sideline(_ source: DynamicModuleSource, _ reason: String) { sidelined.withLock { $0[source] = reason } }

    /// Why the host goes without a module; `nil` for one that nobody has sidelined.
    func reasonToSideline(_ source: DynamicModuleSource) -> String? { sidelined.withLock { $0[source] } }

    /// What has been loaded from bytes of this digest.
    subscript(digest: String) -> ModuleLibrary? {
        guard case .success(let library)? = known.withLock({ $0[digest] }) else { return nil }
        return library
    }
}

extension ModuleLibrary {
    /// Whether the host can run the module under the ID that the configuration gives it.
    fileprivate func check(_ id: ModuleDescriptor.ModuleID?) throws(ModuleRefusal) {
        if let id, type.descriptor.id != id {
            throw ModuleRefusal(
                .id, "is “\(id)”, and the module calls itself “\(type.descriptor.id)”",
                hint: "write id: \(type.descriptor.id)")
        }
        guard type.migrations.isEmpty else {
            throw ModuleRefusal(
                .file, "has migrations, and a dynamic module has no tables of its own",
                hint: "read the views of docs/schema.md, or compile the module in")
        }
    }
}
