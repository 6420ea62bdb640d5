import FoundationEssentials
import PluginAPI

/// Concord's own sources on this machine, to which modules are added.
struct SourceTree {
    /// The folder of `Package.swift`.
    let root: String

    private static let plugins = "Sources/Plugins"
    private static let registry = "Sources/Plugins/BuiltIn/BuiltInModules.swift"
    private static let package = "Package.swift"

    /// The tree that a folder is in.
    ///
    /// - Throws: ``ScaffoldRefusal`` when it is in none.
    init(around folder: String) throws(ScaffoldRefusal) {
        var parts = folder.split(separator: "/")
        while true {
            let candidate = "/" + parts.joined(separator: "/")
            if Self.isTree(candidate) {
                root = candidate
                return
            }
            guard parts.popLast() != nil else {
                throw ScaffoldRefusal(
                    "neither \(folder) nor a folder above it is Concord's source tree, which a compiled-in module is part of;"
                        + " --kind sql needs none")
            }
        }
    }

    private static func isTree(_ folder: String) -> Bool {
        guard let bytes = try? TextFile.bytes(of: "\(folder)/\(package)", max: 1 << 20) else { return false }
        return String(decoding: bytes, as: UTF8.self).contains(#"name: "concord""#)
            && FileManager.default.fileExists(atPath: "\(folder)/\(registry)")
    }

    /// Adds a query service: all of its files and the lines that name it, or nothing.
    ///
    /// - Returns: The paths of what was written, in the tree.
    /// - Throws: ``ScaffoldRefusal`` when the name is taken, a file is there, or a place for a line is not; or what the file
    ///   system says, after what was written has been taken back.
    func add(_ name: ModuleName, knownIDs: [ModuleDescriptor.ModuleID]) throws -> [String] {
        let (package, registry) = (try text(of: Self.package), try text(of: Self.registry))
        try check(name, in: package, knownIDs: knownIDs)
        let scaffold = CompiledScaffold(name: name)
        let (module, tests) = ("\(Self.plugins)/\(name.text)", "Tests/\(name.tests)")
        var change = FileChange(root: root)
        try change.create(folder: module)
        try change.create(folder: tests)
        change.create("\(module)/\(name.type).swift", scaffold.module)
        change.create("\(module)/README.md", scaffold.readme)
        change.create("\(tests)/\(name.tests).swift", scaffold.tests)
        change.create("\(tests)/Golden/by-symbol.json", scaffold.golden)
        change.replace(Self.package, package, by: try scaffold.package(package))
        change.replace(Self.registry, registry, by: try scaffold.registry(registry))
        try change.carryOut()
        return change.paths
    }

    private func text(of path: String) throws(ScaffoldRefusal) -> String {
        do throws(FileProblem) {
            let bytes = try TextFile.bytes(of: "\(root)/\(path)", max: 1 << 20)
            guard let text = String(validating: bytes, as: UTF8.self) else { throw FileProblem(detail: "is not UTF-8") }
            return text
        } catch {
            throw ScaffoldRefusal("\(root)/\(path) \(error.detail)")
        }
    }

    private func check(
        _ name: ModuleName,
        in package: String,
        knownIDs: [ModuleDescriptor.ModuleID]
    ) throws(ScaffoldRefusal) {
        for target in [name.text, name.tests] where package.contains("\"\(target)\"") {
            throw ScaffoldRefusal("Package.swift has a target or a product `\(target)`; name another")
        }
        if knownIDs.contains(name.id) || moduleIDs.contains(name.id) {
            throw ScaffoldRefusal("there is a module with the ID `\(name.id)`; name another")
        }
        if SQLModuleReader.taken.contains(name.id) {
            throw ScaffoldRefusal("`\(name.id)` is the beginning of paths or names of the host's own; name another")
        }
        if FileManager.default.fileExists(atPath: "\(root)/config/queries/\(name.id).yaml") {
            throw ScaffoldRefusal("config/queries/\(name.id).yaml is a module with the ID `\(name.id)`; name another")
        }
    }

    /// IDs of the modules in the tree, which may have been added since this program was built.
    private var moduleIDs: Set<ModuleDescriptor.ModuleID> {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(Self.plugins)")) ?? []
        let texts = folders.compactMap { try? text(of: "\(Self.plugins)/\($0)/\($0)Module.swift") }
        return Set(
            texts.compactMap { $0.firstMatch(of: /ModuleDescriptor\(\s*id: "([a-z0-9_]+)"/).map { String($0.1) } })
    }
}
