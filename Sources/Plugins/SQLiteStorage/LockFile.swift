import Glibc
import PluginAPI
import Synchronization

/// Keeps a second Concord process from using the same database.
///
/// The lock is the kernel's and ends with the process, however it ends; the file itself stays. Programs that know
/// nothing of it, such as the `sqlite3` shell, can still read the database.
final class LockFile: Sendable {
    private let descriptor: Mutex<Int32?>

    /// - Throws: ``ModuleError/unavailable(reason:)`` naming the holder when another process holds the lock.
    init(path: String, of database: String) throws(ModuleError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw .unavailable(reason: "cannot open the lock file \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let holder = LockFile.holder(in: file)
            close(file)
            throw .unavailable(
                reason: "the database \(database) is in use by another process\(holder), which holds \(path); "
                    + "stop it, or work through its HTTP API")
        }
        descriptor = Mutex(file)
        LockFile.write(processID: getpid(), to: file)
    }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if let file = descriptor { close(file) }
            descriptor = nil
        }
    }

    private static func write(processID: pid_t, to file: Int32) {
        let line = Array("\(processID)\n".utf8)
        // Only a hint for the message another process shows, so a failure to write it changes nothing.
        guard ftruncate(file, 0) == 0 else { return }
        _ = pwrite(file, line, line.count, 0)
    }

    private static func holder(in file: Int32) -> String {
        var line = [UInt8](repeating: 0, count: 32)
        let count = pread(file, &line, line.count, 0)
        guard count > 0, let id = Int(String(decoding: line[..<count].prefix { $0 != 10 }, as: UTF8.self)) else {
            return ""
        }
        return " (\(id))"
    }
}
