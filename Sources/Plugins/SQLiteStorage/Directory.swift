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

    /// Makes an empty directory under `TMPDIR`, or `/tmp` without it, that only this user may enter.
    static func temporary() throws(ModuleError) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/concord-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .unavailable(reason: "cannot make a directory in \(parent): \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
