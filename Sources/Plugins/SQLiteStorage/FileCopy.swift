import Glibc
import PluginAPI
import StorageWork

/// A file's bytes in a new file, on disk when it is made.
struct FileCopy {
    let from: String
    let to: String
    let caller: any Interruptible

    init(from: String, to: String, caller: any Interruptible) {
        self.from = from
        self.to = to
        self.caller = caller
    }

    /// - Throws: ``ModuleError/unavailable(reason:)``; what was written by then is the caller's to remove.
    func make() throws {
        let source = open(from, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw Self.failure(from, "cannot be read") }
        defer { close(source) }
        let target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw Self.failure(to, "cannot be written") }
        defer { close(target) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            if caller.isOver { throw StorageError.timedOut }
            let count = read(source, &buffer, buffer.count)
            guard count >= 0 else { throw Self.failure(from, "cannot be read") }
            if count == 0 { break }
            var written = 0
            while written < count {
                let added = buffer[written..<count].withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
                guard added > 0 else { throw Self.failure(to, "cannot be written") }
                written += added
            }
        }
        guard fsync(target) == 0 else { throw Self.failure(to, "cannot be written") }
    }

    /// Makes a rename last.
    static func syncDirectory(of path: String) throws {
        let directory = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(directory, "cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(directory, "cannot be written") }
    }

    private static func failure(_ path: String, _ detail: String) -> ModuleError {
        .unavailable(reason: "\(path) \(detail): \(String(cString: strerror(errno)))")
    }
}
