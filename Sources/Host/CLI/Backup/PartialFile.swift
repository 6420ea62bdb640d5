import Glibc

/// A file that one command fills, under a lock that ends with the command.
final class PartialFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Makes it anew. One that a killed command left behind is unlinked, not emptied: what that command started may still
    /// write to it.
    ///
    /// - Throws: ``BackupRefused`` when another command fills it; ``BackupFailure``.
    init(path: String) throws {
        self.path = path
        while true {
            guard let (file, isNew) = try Self.opened(path) else { continue }
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                close(file)
                throw BackupRefused("another command is writing \(path) now")
            }
            // Another one may have put its own in the place before the lock was had.
            if Self.isStill(file, at: path) {
                if isNew {
                    descriptor = file
                    return
                }
                unlink(path)
            }
            close(file)
        }
    }

    deinit { close(descriptor) }

    func sync() throws {
        guard fsync(descriptor) == 0 else { throw BackupFailure(path, "cannot be written") }
    }

    /// - Returns: `nil` when one that was there has gone before it was opened.
    private static func opened(_ path: String) throws -> (file: Int32, isNew: Bool)? {
        let made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if made >= 0 { return (made, true) }
        guard errno == EEXIST else { throw BackupFailure(path, "cannot be written") }
        let found = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if found >= 0 { return (found, false) }
        guard errno == ENOENT else { throw BackupFailure(path, "cannot be written") }
        return nil
    }

    private static func isStill(_ file: Int32, at path: String) -> Bool {
        var (opened, found) = (stat(), stat())
        return fstat(file, &opened) == 0 && lstat(path, &found) == 0 && opened.st_dev == found.st_dev
            && opened.st_ino == found.st_ino
    }
}
