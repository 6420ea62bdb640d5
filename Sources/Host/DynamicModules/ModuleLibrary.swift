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
    ///
    /// - Parameter id: Under what a trap of the library's initialisers is written down.
    init(_ file: ModuleFile, id: ModuleDescriptor.ModuleID) throws(ModuleRefusal) {
        let shape = try SharedLibraryShape(of: file.bytes)
        for symbol in [Self.buildSymbol, Self.entrySymbol] where shape.exports?.contains(symbol) == false {
            throw Self.missing(symbol)
        }
        digest = file.digest
        concord_traps_begin_opening(id, digest)
        defer { concord_traps_end_opening() }
        // Stays open: its number is part of the name by which the loader remembers the library.
        let descriptor = concord_memory_file(file.name)
        guard descriptor >= 0, file.bytes.withUnsafeBytes({ Self.write($0, to: descriptor) }) else {
            throw ModuleRefusal(.file, "cannot be kept in memory: \(String(cString: strerror(errno)))")
        }
        guard let handle = dlopen("/proc/self/fd/\(descriptor)", RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "nobody says why"
            close(descriptor)
            throw LoaderMessage(reason).refusal
        }
        self.handle = handle
    }

    func symbol(_ name: String) throws(ModuleRefusal) -> UnsafeMutableRawPointer {
        guard let symbol = dlsym(handle, name) else { throw Self.missing(name) }
        return symbol
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            guard count > 0 else { return false }
            written += count
        }
        return true
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

    init(_ handle: LibraryHandle, id: ModuleDescriptor.ModuleID) throws(ModuleRefusal) {
        let describe = try handle.symbol(LibraryHandle.buildSymbol)
        let make = try handle.symbol(LibraryHandle.entrySymbol)
        var (low, high): (UInt, UInt) = (0, 0)
        if concord_code_range(describe, &low, &high) != 0 { concord_traps_add(id, handle.digest, low, high) }
        build = PluginBuild(unsafeBitCast(describe, to: (@convention(c) () -> concord_plugin_build).self)())
        try build.check(against: .host)
        guard let pointer = unsafeBitCast(make, to: (@convention(c) () -> UnsafeMutableRawPointer?).self)() else {
            throw ModuleRefusal(.file, "is no module: its \(LibraryHandle.entrySymbol) gives nothing")
        }
        type = DynamicModule.taking(pointer).type
        digest = handle.digest
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
