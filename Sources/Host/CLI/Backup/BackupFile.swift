import Glibc

/// A backup on its way: written beside its place as `FILE.partial`, and renamed when it is whole and on disk.
///
/// One that was left behind by a crash is used again; one that somebody writes now is locked.
final class BackupFile: Sendable {
    /// Where it will be.
    let path: String
    private let mayReplace: Bool
    private let descriptor: Int32

    /// What is filled meanwhile.
    var partial: String { path + ".partial" }
    private var manifest: String { BackupManifest.path(of: path) }
    private var partialManifest: String { manifest + ".partial" }

    /// - Throws: ``BackupRefused`` when there is such a backup already, or another command writes it; ``BackupFailure``.
    init(path: String, mayReplace: Bool) throws {
        self.path = path
        self.mayReplace = mayReplace
        for taken in [path, BackupManifest.path(of: path)] where !mayReplace && access(taken, F_OK) == 0 {
            throw BackupRefused("\(taken) is there already; name another file, or say --replace")
        }
        let descriptor = open(path + ".partial", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw BackupFailure(path + ".partial", "cannot be written") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw BackupRefused("another command is writing \(path) now")
        }
        guard ftruncate(descriptor, 0) == 0, fchmod(descriptor, 0o600) == 0 else {
            let code = errno
            close(descriptor)
            throw BackupFailure(path + ".partial", "cannot be written", code: code)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Puts the file and its manifest into place.
    func publish(_ content: BackupManifest) throws {
        guard fsync(descriptor) == 0 else { throw BackupFailure(partial, "cannot be written") }
        try write(content.json + [UInt8(ascii: "\n")])
        try move(partial, to: path)
        try move(partialManifest, to: manifest)
        try syncDirectory()
    }

    /// Takes back what is not in place.
    func discard() {
        unlink(partialManifest)
        unlink(partial)
    }

    private func write(_ bytes: [UInt8]) throws {
        unlink(partialManifest)
        let file = open(partialManifest, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BackupFailure(partialManifest, "cannot be written") }
        defer { close(file) }
        guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
            throw BackupFailure(partialManifest, "cannot be written")
        }
    }

    /// Renames, and does not replace a file that has come meanwhile, on every file system that can tell.
    private func move(_ from: String, to: String) throws {
        if !mayReplace {
            if link(from, to) == 0 {
                unlink(from)
                return
            }
            if errno == EEXIST { throw BackupRefused("\(to) is there already; name another file, or say --replace") }
            let knowsNoLinks = [EPERM, EOPNOTSUPP, ENOSYS].contains(errno)
            guard knowsNoLinks else { throw BackupFailure(to, "cannot be put into place") }
        }
        guard rename(from, to) == 0 else { throw BackupFailure(to, "cannot be put into place") }
    }

    private func syncDirectory() throws {
        let parent = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
        let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw BackupFailure(parent, "cannot be opened") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw BackupFailure(parent, "cannot be written") }
    }
}
