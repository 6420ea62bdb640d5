import Glibc
import PluginAPI
import StorageWork

/// A program of PostgreSQL's own, such as `pg_dump`, found where it is installed.
struct ServerTool {
    /// Its path.
    let path: String
    /// As it says itself: `15.18`.
    let version: String

    /// Where programs are looked for.
    struct Places {
        /// The folders of `PATH`.
        var folders: [String]
        /// Debian has each major version in a folder of its own: `/usr/lib/postgresql/15/bin`.
        var versions = "/usr/lib/postgresql"

        static var here: Places {
            let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
            return Places(folders: path.split(separator: ":").map(String.init))
        }
    }

    /// Finds a program that is at least as new as the server, because older ones refuse it.
    ///
    /// - Throws: ``ModuleError/unavailable(reason:)`` naming the package to install.
    static func find(
        _ name: String, serverMajor: Int, in places: Places = .here, for caller: any Interruptible
    ) throws -> ServerTool {
        let candidates = places.folders.map { "\($0)/\(name)" } + ["\(places.versions)/\(serverMajor)/bin/\(name)"]
        var tooOld: ServerTool?
        for path in candidates where access(path, X_OK) == 0 && !isDebianWrapper(path) {
            guard let tool = try ServerTool(asking: path, for: caller) else { continue }
            if tool.major >= serverMajor { return tool }
            tooOld = tool
        }
        let found = tooOld.map { "\($0.path) is \($0.version)" } ?? "none was found on PATH or in \(places.versions)"
        throw ModuleError.unavailable(
            reason: "\(name) \(serverMajor) or newer is needed, because the server is PostgreSQL \(serverMajor); "
                + "\(found); install the package postgresql-client-\(serverMajor)")
    }

    var major: Int { Int(version.prefix { $0.isNumber }) ?? 0 }

    private init?(asking path: String, for caller: any Interruptible) throws {
        let process = try ChildProcess(path, ["--version"], readsOutput: true)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1_024)
        while answer.count < 4_096 {
            let count = try process.read(into: &buffer, for: caller)
            if count == 0 { break }
            answer += buffer[..<count]
        }
        guard try process.wait(for: caller).code == 0,
            let version = ServerTool.version(in: String(decoding: answer, as: UTF8.self))
        else { return nil }
        self.path = path
        self.version = version
    }

    /// The number in `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    static func version(in text: String) -> String? {
        guard let product = text.firstRange(of: "(PostgreSQL) ") else { return nil }
        let version = text[product.upperBound...].prefix { $0.isNumber || $0 == "." }
        return version.isEmpty ? nil : String(version)
    }

    /// Debian's commands on `PATH` choose a version by the machine's own servers, which need not be the one spoken to.
    private static func isDebianWrapper(_ path: String) -> Bool {
        guard let real = realpath(path, nil) else { return false }
        defer { free(real) }
        return String(cString: real).hasSuffix("/pg_wrapper")
    }
}
