import CDynamicModules
import CPluginABI
import Glibc
import PluginAPI

/// A module's library in the process, and what it exports.
struct LibraryHandle {
    /// SHA-256 in hexadecimal.
    let digest: String
    private let handle: UnsafeMutableRawPointer

    static let buildSymbol = "concord_plugin"
    static let entrySymbol = "concord_module"

    /// The bytes are loaded from memory: a library that is overwritten later would take the process with it, and the
    /// system's loader takes a file of a known name for one that it has loaded already.
    init(_ file: ModuleFile) throws(ModuleRefusal) {
        let shape = try SharedLibraryShape(of: file.bytes)
        for symbol in [Self.buildSymbol, Self.entrySymbol] where !shape.functions.contains(symbol) {
            throw Self.missing(symbol)
        }
        digest = file.digest
        let memory = try MemoryFile(file)
        // Stays open: its number is part of the name by which the loader remembers the library.
        guard let handle = dlopen("/proc/self/fd/\(memory.descriptor)", RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "nobody says why"
            memory.close()
            throw LoaderMessage(reason).refusal
        }
        self.handle = handle
    }

    func symbol(_ name: String) throws(ModuleRefusal) -> UnsafeMutableRawPointer {
        guard let symbol = dlsym(handle, name) else { throw Self.missing(name) }
        return symbol
    }

    private static func missing(_ symbol: String) -> ModuleRefusal {
        ModuleRefusal(
            .file, "is no module: it exports no \(symbol)",
            hint: "concord modules new query NAME --kind dynamic writes a package that does")
    }
}

/// A module's type as its library hands it over.
struct ModuleLibrary: Sendable {
    let type: any QueryService.Type
    let build: PluginBuild
    /// SHA-256 in hexadecimal.
    let digest: String

    init(_ handle: LibraryHandle) throws(ModuleRefusal) {
        let describe = try handle.symbol(LibraryHandle.buildSymbol)
        let make = try handle.symbol(LibraryHandle.entrySymbol)
        build = PluginBuild(unsafeBitCast(describe, to: (@convention(c) () -> concord_plugin_build).self)())
        try build.check(against: .host)
        guard let pointer = unsafeBitCast(make, to: (@convention(c) () -> UnsafeMutableRawPointer?).self)() else {
            throw ModuleRefusal(.file, "is no module: its \(LibraryHandle.entrySymbol) gives nothing")
        }
        type = DynamicModule.taking(pointer).type
        digest = handle.digest
        var (low, high): (UInt, UInt) = (0, 0)
        if concord_code_range(describe, &low, &high) != 0 {
            concord_traps_add(type.descriptor.id, digest, low, high)
        }
    }
}

/// What a library, or this host, was built with.
struct PluginBuild: Sendable, Equatable {
    var major: UInt32
    var minor: UInt32
    var toolchain: String

    /// Of this program.
    static let host = PluginBuild(concord_plugin_build_here())

    init(major: UInt32, minor: UInt32, toolchain: String) {
        (self.major, self.minor, self.toolchain) = (major, minor, toolchain)
    }

    init(_ build: concord_plugin_build) {
        self.init(
            major: build.api_major, minor: build.api_minor,
            toolchain: build.toolchain.map { String(cString: $0) } ?? "")
    }

    var version: String { "\(major).\(minor)" }

    /// - Throws: ``ModuleRefusal`` unless a library built with this runs on the host.
    func check(against host: PluginBuild) throws(ModuleRefusal) {
        guard toolchain.utf8.elementsEqual(host.toolchain.utf8) else {
            throw ModuleRefusal(
                .file, "was built by another compiler: toolchain “\(toolchain)”, and this host by “\(host.toolchain)”",
                hint: "build it with the host's")
        }
        if major < host.major {
            throw ModuleRefusal(
                .file, "was built for an older PluginAPI: API version \(version), and this host has \(host.version)",
                hint: "build it against concord-plugin-api \(host.version)")
        }
        guard major == host.major, minor <= host.minor else {
            throw ModuleRefusal(
                .file, "was built for a newer PluginAPI: API version \(version), and this host has \(host.version)",
                hint: "update the host, or build it against concord-plugin-api \(host.version)")
        }
    }
}

/// What the system's loader says when it does not load a library.
struct LoaderMessage {
    private let text: String

    init(_ text: String) {
        self.text = text
    }

    var refusal: ModuleRefusal {
        guard let symbol = undefinedSymbol else { return ModuleRefusal(.file, "cannot be loaded: \(reason)") }
        let name = demangled(symbol)
        guard name.contains("PluginAPI.") else {
            return ModuleRefusal(
                .file, "cannot be loaded: nothing here has \(name)", hint: "link it into the library, or build it again"
            )
        }
        return ModuleRefusal(
            .file, "was built for a newer PluginAPI: this host's \(PluginBuild.host.version) has no \(name)",
            hint: "update the host, or build it against concord-plugin-api \(PluginBuild.host.version)")
    }

    private var undefinedSymbol: String? {
        guard let found = text.firstRange(of: "undefined symbol: ") else { return nil }
        return String(text[found.upperBound...].prefix { $0 != " " && $0 != "," && $0 != "(" })
    }

    /// Without the name under which the loader knows the file.
    private var reason: String {
        guard text.hasPrefix("/proc/self/fd/"), let colon = text.firstIndex(of: ":") else { return text }
        return String(text[text.index(after: colon)...].drop { $0 == " " })
    }

    private func demangled(_ symbol: String) -> String {
        guard let name = concord_demangled(symbol) else { return symbol }
        defer { free(name) }
        return String(cString: name)
    }
}
