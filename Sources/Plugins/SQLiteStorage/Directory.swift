import Glibc
import PluginAPI

/// The directory a database lives in.
enum Directory {
    /// Creates every missing directory on the way to `path`.
    static func create(containing path: String) throws(ModuleError) {
        var next = path.startIndex
        while let slash = path[next...].firstIndex(of: "/") {
            next = path.index(after: slash)
            let parent = String(path[..<slash])
            guard !parent.isEmpty, mkdir(parent, 0o755) != 0, errno != EEXIST else { continue }
            throw .unavailable(
                reason: "cannot create the directory \(parent) of the database: \(String(cString: strerror(errno)))")
        }
    }
}
