import Glibc
import Synchronization

/// A backup on its way: written beside its place as `FILE.partial`, and renamed when it is whole and on disk.
///
/// ```
/// FILE.partial ──────────────► FILE                  1
/// FILE.manifest.json.partial ─► FILE.manifest.json   2
/// ```
///
/// Killed between the two, the manifest that belongs to the file is the partial one; ``PublishedManifest`` finds it there.
final class BackupFile: Sendable {
    /// Where it will be.
    let path: String
    private let mayReplace: Bool
    private let file: PartialFile
    private let isInPlace = Atomic(false)

    /// What is filled meanwhile.
    var partial: String { file.path }
    private var manifest: String { BackupManifest.path(of: path) }
    private var partialManifest: String { PublishedManifest.partialPath(of: path) }

    /// - Parameter own: What must not be written over.
    /// - Throws: ``BackupRefused`` when the place is none, there is such a backup already, or another command writes it;
    ///   ``BackupFailure``.
    init(path: String, mayReplace: Bool, sparing own: OwnFiles = OwnFiles(paths: [])) throws {
        self.path = path
        self.mayReplace = mayReplace
        guard !path.isEmpty else { throw BackupRefused("the backup's name is empty; name a file") }
        let (manifest, partialManifest) = (BackupManifest.path(of: path), PublishedManifest.partialPath(of: path))
        for taken in [path, manifest, path + ".partial", partialManifest] where own.contains(taken) {
            throw BackupRefused(
                "\(taken) is a file of the storage itself, which a backup would destroy; name another file")
        }
        for taken in [path, manifest] {
            var status = stat()
            let isDirectory = stat(taken, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            guard !isDirectory, !taken.hasSuffix("/") else {
                throw BackupRefused("\(taken) is a directory; name a file")
            }
            guard mayReplace || access(taken, F_OK) != 0 else {
                throw BackupRefused("\(taken) is there already; name another file, or say --replace")
            }
        }
        file = try PartialFile(path: path + ".partial")
        do {
            // This one's manifest takes the place of what an interrupted one has left there.
            if mayReplace { try PublishedManifest.settle(of: path) }
        } catch {
            unlink(file.path)
            throw error
        }
    }

    /// Puts the file and its manifest into place.
    func publish(_ content: BackupManifest) throws {
        try file.sync()
        try write(content.json + [UInt8(ascii: "\n")])
        // Should the machine fail between the two, the manifest is there under one of its names.
        try syncDirectory()
        try move(partial, to: path)
        isInPlace.store(true, ordering: .relaxed)
        try move(partialManifest, to: manifest)
        try syncDirectory()
    }

    /// Takes back what is not in place; the manifest of what is stays.
    func discard() {
        if isInPlace.load(ordering: .relaxed) { return }
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
