import PluginAPI

/// Opens the libraries of dynamic modules, as far as the traps of the past let it.
struct ModuleOpening: Sendable {
    /// What has been found of a module.
    enum Opened: Sendable {
        case loaded(ConfigurationSpec)
        /// It has ended the host too often; the reason is a clause.
        case sidelined(String)
        /// Nobody has looked at it.
        case left
    }

    /// For commands that do without dynamic modules: nothing of the list is looked at, and none of it takes part.
    static let none = ModuleOpening(opens: false)

    var opens = true
    var directory = "modules"
    var traps = TrapLog(path: "var/module-traps")
    var libraries = ModuleLibraries.shared
    var clock: any HostClock = SystemClock()
    /// Called before a library is loaded.
    var willOpen: @Sendable (TrapLog, ModuleFile) -> Void = { _, _ in }

    /// The same for other places; what is `nil` stays as it is.
    func placed(directory: String?, traps: String?) -> ModuleOpening {
        var opening = self
        if let directory { opening.directory = directory }
        if let traps { opening.traps = TrapLog(path: traps) }
        return opening
    }

    func open(_ source: DynamicModuleSource) throws(ModuleRefusal) -> Opened {
        guard opens else { return .left }
        try source.check()
        let file = try ModuleFile(source.file, in: directory)
        guard file.digest == source.digest else {
            throw ModuleRefusal(
                .sha256, "is not the file's: \(file.path) has \(file.digest)",
                hint: "write that if you trust the file, or put the right one there")
        }
        willOpen(traps, file)
        if libraries[file.digest] == nil, let reason = traps.reasonToSideline(source, file, at: clock.now) {
            libraries.sideline(source, reason)
            return .sidelined(reason)
        }
        return .loaded(try libraries.load(file, as: source.id).type.configuration)
    }
}

extension DynamicModuleSource {
    /// - Throws: ``ModuleRefusal`` when the ID or the digest can be none.
    func check() throws(ModuleRefusal) {
        let first = id.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
        guard first, id.utf8.allSatisfy(Self.isOfID), id.utf8.count <= 64 else {
            throw ModuleRefusal(
                .id, "is “\(id)”", hint: "an ID is a lower-case letter, then letters, digits and _, 64 at most")
        }
        guard digest.utf8.count == 64, digest.utf8.allSatisfy(Self.isHexadecimal) else {
            throw ModuleRefusal(.sha256, "is not 64 hexadecimal digits", hint: "sha256sum FILE prints them")
        }
    }

    private static func isOfID(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
