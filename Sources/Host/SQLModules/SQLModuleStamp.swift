import FoundationEssentials
import Glibc

/// What the files of a directory look like from outside: another one after each change.
struct SQLModuleStamp: Equatable {
    private struct File: Equatable {
        var name: String
        var inode: UInt64
        var bytesTotal: Int64
        var changedAtSeconds: Int
        var changedAtNanoseconds: Int
    }

    private let files: [File]

    /// `nil` when the directory cannot be looked into: what its files said last stays.
    init?(of directory: String) {
        guard access(directory, R_OK | X_OK) == 0 else { return nil }
        files = SQLModuleFiles.names(in: directory).compactMap { name in
            var status = stat()
            guard stat(directory + "/" + name, &status) == 0 else { return nil }
            return File(
                name: name, inode: UInt64(status.st_ino), bytesTotal: Int64(status.st_size),
                changedAtSeconds: status.st_mtim.tv_sec, changedAtNanoseconds: status.st_mtim.tv_nsec)
        }
    }
}
