import Glibc
import PluginAPI

/// Which manifest belongs to a backup's file: the one beside it, or, when a backup was killed while it was being put into
/// place, the one that was to follow.
enum PublishedManifest {
    static func partialPath(of file: String) -> String { BackupManifest.path(of: file) + ".partial" }

    /// The manifest and where it lies.
    ///
    /// - Throws: ``BackupRefused`` about the one beside the file, when neither fits it.
    static func find(of path: String) throws -> (manifest: BackupManifest, name: String) {
        let name = BackupManifest.path(of: path)
        do {
            let manifest = try read(name)
            try check(path, against: manifest)
            return (manifest, name)
        } catch let refused as BackupRefused {
            let other = partialPath(of: path)
            guard let manifest = try? read(other), (try? check(path, against: manifest)) != nil else {
                try Task.checkCancellation()
                throw refused
            }
            return (manifest, other)
        }
    }

    /// Gives the manifest that belongs to the file its name, when a killed backup did not come to that.
    static func settle(of path: String) throws {
        let partial = partialPath(of: path)
        guard access(partial, F_OK) == 0, let found = try? find(of: path), found.name == partial else {
            return try Task.checkCancellation()
        }
        guard rename(partial, BackupManifest.path(of: path)) == 0 else {
            throw BackupFailure(BackupManifest.path(of: path), "cannot be put into place")
        }
    }

    private static func read(_ name: String) throws -> BackupManifest {
        do {
            return try BackupManifest(parsing: try TextFile.bytes(of: name, max: BackupManifest.bytesMax))
        } catch let problem as FileProblem {
            throw BackupRefused("\(name) \(problem.detail); a backup is the file and its manifest")
        } catch let refused as BackupRefused {
            throw BackupRefused("\(name) \(refused.reason)")
        }
    }

    private static func check(_ path: String, against manifest: BackupManifest) throws {
        var status = stat()
        guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
            throw BackupRefused("\(BackupFailure(path, "cannot be read"))")
        }
        guard status.st_size == manifest.bytesTotal else {
            throw BackupRefused(
                "\(path) has \(status.st_size) bytes, and had \(manifest.bytesTotal) when it was made")
        }
        let digest: FileDigest
        do {
            digest = try FileDigest(of: path)
        } catch let failure as BackupFailure {
            throw BackupRefused("\(failure)")
        }
        guard digest.sha256 == manifest.sha256 else {
            throw BackupRefused("\(path) was altered: its SHA-256 is not the one in its manifest")
        }
    }
}
