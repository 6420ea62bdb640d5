import Glibc

/// The files a storage consists of, which no backup is written over: it would take them from under a host that has them open.
struct OwnFiles {
    /// They need not be there.
    let paths: [String]

    /// Whether `path` is one of them, under whatever name: by its place, what it links to, or as another link to the same file.
    func contains(_ path: String) -> Bool {
        let names = Self.names(of: path)
        let identity = Identity(path)
        return paths.contains { own in
            !names.isDisjoint(with: Self.names(of: own)) || identity != nil && identity == Identity(own)
        }
    }

    private struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode) = (status.st_dev, status.st_ino)
        }
    }

    /// The place in its real directory, and the place a link leads to.
    private static func names(of path: String) -> Set<String> {
        let (parent, name) = split(path)
        return Set([real(parent).map { $0 + "/" + name }, real(path)].compactMap { $0 })
    }

    private static func split(_ path: String) -> (parent: String, name: Substring) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path[...]) }
        return (path[..<slash].isEmpty ? "/" : String(path[..<slash]), path[path.index(after: slash)...])
    }

    private static func real(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}
