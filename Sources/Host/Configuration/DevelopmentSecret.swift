import Glibc
import PluginAPI

/// The random key that a development host keeps in a file beside its database, so that tokens outlive a restart.
///
/// The file has mode 0600, holds 32 random bytes in hexadecimal, and appears whole or not at all, however many processes
/// ask for it at once.
struct DevelopmentSecret {
    let path: String

    /// The secret in the file, made first when there is none.
    func obtain() throws(FileProblem) -> Secret {
        if access(path, F_OK) != 0 { try create() }
        return try existing()
    }

    /// - Throws: When the file is not there, is too short, or others may read it.
    func existing() throws(FileProblem) -> Secret {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
            throw FileProblem(detail: "may be read by others; run chmod 600 on it, or delete it to have a new one")
        }
        let bytes = try TextFile.bytes(of: path, max: 4096)
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard text.utf8.count >= HostRules.secretBytesMin else {
            throw FileProblem(detail: "has fewer than \(HostRules.secretBytesMin) bytes; delete it to have a new one")
        }
        return Secret(text)
    }

    /// Writes beside the file and links it into place: of several processes one wins, and all read its secret.
    private func create() throws(FileProblem) {
        try createDirectories()
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot be written") }
        defer { unlink(temporary) }
        let text = Array((DevelopmentSecret.randomHexadecimal() + "\n").utf8)
        let written = write(descriptor, text, text.count)
        let synced = fsync(descriptor)
        close(descriptor)
        guard written == text.count, synced == 0 else { throw failure("cannot be written") }
        guard link(temporary, path) == 0 || errno == EEXIST else { throw failure("cannot be made") }
    }

    private func createDirectories() throws(FileProblem) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        var directory = ""
        for (index, part) in parts.enumerated() {
            directory += index == 0 ? String(part) : "/\(part)"
            guard !directory.isEmpty else { continue }
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw failure("has no directory to be in") }
        }
    }

    private func failure(_ detail: String) -> FileProblem {
        FileProblem(detail: "\(detail): \(String(cString: strerror(errno)))")
    }

    private static func randomHexadecimal() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in
            let byte = String(UInt8.random(in: 0...255, using: &generator), radix: 16)
            return byte.utf8.count == 1 ? "0" + byte : byte
        }.joined()
    }
}
