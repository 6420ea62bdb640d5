import Glibc

/// Why a file's text cannot be had.
struct FileProblem: Error, Equatable {
    /// A clause that follows the file's name: `is not there`.
    var detail: String
}

/// Reads small files whole. Devices, directories and files that are too large are refused.
enum TextFile {
    static func bytes(of path: String, max: Int) throws(FileProblem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw problem(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw problem(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem(detail: "is not a regular file") }
        guard status.st_size <= max else { throw FileProblem(detail: "is larger than \(max) bytes") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw problem(errno) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= max else { throw FileProblem(detail: "is larger than \(max) bytes") }
        }
    }

    /// The text of a file that `${file:…}` names.
    @Sendable
    static func text(of path: String) -> Result<String, FileProblem> {
        do throws(FileProblem) {
            guard let text = String(validating: try bytes(of: path, max: 65_536), as: UTF8.self) else {
                return .failure(FileProblem(detail: "is not UTF-8 text"))
            }
            return .success(text)
        } catch {
            return .failure(error)
        }
    }

    private static func problem(_ code: Int32) -> FileProblem {
        switch code {
        case ENOENT: FileProblem(detail: "is not there")
        case EACCES: FileProblem(detail: "may not be read by this user")
        default: FileProblem(detail: "cannot be read: \(String(cString: strerror(code)))")
        }
    }
}
