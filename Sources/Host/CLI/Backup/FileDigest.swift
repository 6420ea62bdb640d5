import Crypto
import Glibc

/// A file's length and SHA-256, read in pieces.
struct FileDigest: Equatable {
    var bytesTotal: Int64
    /// Hexadecimal.
    var sha256: String

    /// Stops, when the task was cancelled, with `CancellationError`.
    init(of path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BackupFailure(path, "cannot be read") }
        defer { close(descriptor) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        var hash = SHA256()
        var total: Int64 = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            try Task.checkCancellation()
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw BackupFailure(path, "cannot be read") }
            if count == 0 { break }
            buffer[..<count].withUnsafeBytes { hash.update(bufferPointer: $0) }
            total += Int64(count)
        }
        bytesTotal = total
        sha256 = hash.finalize().hexadecimal
    }
}

/// A file that could not be read or written, with the system's reason.
struct BackupFailure: Error, CustomStringConvertible {
    let description: String

    /// - Parameter code: What the system said.
    init(_ path: String, _ detail: String, code: Int32 = errno) {
        description = "\(path) \(detail): \(String(cString: strerror(code)))"
    }
}
