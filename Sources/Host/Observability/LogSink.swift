import Glibc

/// Where finished log lines go.
protocol LogSink: Sendable {
    /// - Parameter line: One entry with its line feed.
    func write(_ line: [UInt8])
}

/// Standard error. A line is one `write` wherever the kernel allows it, so that lines of several threads do not mix.
struct StandardErrorSink: LogSink {
    func write(_ line: [UInt8]) {
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}
