import Glibc

/// Where a command's words go: data on standard output, progress and diagnostics on standard error.
enum Console {
    static func data(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
    static func data(_ bytes: [UInt8]) { write(bytes + [UInt8(ascii: "\n")], to: STDOUT_FILENO) }
    static func diagnostic(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Text that ends its own lines. The next is the same for standard error.
    static func write(data text: String) { write(text, to: STDOUT_FILENO) }
    static func write(diagnostics text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    /// Writes at once, unbuffered, because standard output is block-buffered when it is a pipe.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return }
            if count > 0 { rest = rest.dropFirst(count) }
        }
    }
}
