import Crypto
import Glibc

/// A library's bytes as they were read once: what is hashed, looked at and loaded is the same, whatever becomes of the file.
struct ModuleFile: Sendable {
    /// As messages name it.
    let path: String
    let bytes: [UInt8]
    /// SHA-256 in lower-case hexadecimal.
    let digest: String

    /// The last part of the path.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Larger ones are refused.
    static let bytesMax = 256 << 20

    /// Reads a file of the directory that only its owner, who is root or this user, may write.
    init(_ name: String, in directory: String) throws(ModuleRefusal) {
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), name != ".", name != ".." else {
            throw ModuleRefusal(.file, "is no name of a file", hint: "it lies in \(directory); write its name alone")
        }
        try Self.checkDirectory(directory)
        try self.init(path: "\(directory)/\(name)", isProtected: true)
    }

    /// - Parameter isProtected: Whether a file that others may write is refused.
    init(path: String, isProtected: Bool) throws(ModuleRefusal) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ModuleRefusal(.file, "cannot be opened: \(path): \(Self.reason)") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ModuleRefusal(.file, "is not a regular file: \(path)")
        }
        guard status.st_size <= Self.bytesMax else {
            throw ModuleRefusal(.file, "is larger than \(Self.bytesMax >> 20) MiB: \(path)")
        }
        if isProtected, let problem = Self.exposure(status, path) {
            throw ModuleRefusal(.file, problem.detail, hint: problem.hint)
        }
        guard let bytes = Self.read(descriptor, count: Int(status.st_size)) else {
            throw ModuleRefusal(.file, "cannot be read whole: \(path)")
        }
        self.bytes = bytes
        digest = SHA256.hash(data: bytes).hexadecimal
    }

    private static func checkDirectory(_ directory: String) throws(ModuleRefusal) {
        var status = stat()
        guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ModuleRefusal(.directory, "is no directory: \(directory)")
        }
        guard let problem = exposure(status, directory) else { return }
        throw ModuleRefusal(.directory, problem.detail, hint: problem.hint)
    }

    /// Whoever may write here decides what the host runs.
    private static func exposure(_ status: stat, _ path: String) -> (detail: String, hint: String)? {
        if status.st_uid != 0, status.st_uid != geteuid() {
            return ("belongs to user \(status.st_uid): \(path)", "it should be root's or this user's own")
        }
        guard status.st_mode & 0o022 != 0 else { return nil }
        let others = status.st_mode & 0o002 != 0 ? "everybody" : "its group"
        return ("may be written by \(others): \(path)", "run: chmod go-w \(path)")
    }

    private static func read(_ descriptor: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
            }
            guard read > 0 else { return nil }
            filled += read
        }
        return bytes
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
