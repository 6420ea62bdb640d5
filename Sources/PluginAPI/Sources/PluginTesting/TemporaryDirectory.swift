import Glibc
public import PluginAPI

/// A directory of a test's own under `TMPDIR`, or `/tmp` without it. It holds files only.
public struct TemporaryDirectory: Sendable {
    public let path: String

    /// - Throws: ``ModuleError/unavailable(reason:)`` when none can be made.
    public init() throws(ModuleError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/concord-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .unavailable(reason: "no temporary directory under \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the directory and the files in it.
    public func remove() {
        guard let stream = opendir(path) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(path)/\(name)")
        }
        closedir(stream)
        rmdir(path)
    }
}
