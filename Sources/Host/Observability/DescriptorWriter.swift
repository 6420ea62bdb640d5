import Glibc

/// Two ways to write to a descriptor that others may hold as well: one that waits for room, and one that never does.
///
/// Not to wait is a property of an open file that all who hold it share, so it cannot be set here. A pipe or a terminal is
/// opened once more for that; a socket is told with each message; a file never makes anybody wait for a reader.
struct DescriptorWriter: Sendable {
    enum Outcome {
        /// So many bytes, perhaps none.
        case wrote(Int)
        /// The descriptor takes nothing any more.
        case failed
    }

    private enum Kind {
        case socket
        /// Opened once more, without waiting.
        case reopened(Int32)
        /// A pipe or a terminal that may not be opened once more. What POLLOUT says of a pipe is that it takes this many bytes.
        case polled
        case file
    }

    private static let pipeRoom = 4_096

    private let descriptor: Int32
    private let kind: Kind

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        fstat(descriptor, &status)
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFSOCK: .socket
            case S_IFIFO, S_IFCHR: Self.reopened(descriptor)
            default: .file
            }
    }

    private static func reopened(_ descriptor: Int32) -> Kind {
        let again = open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        return again < 0 ? .polled : .reopened(again)
    }

    /// Gives back what was opened once more. The descriptor itself is its owner's.
    func close() { if case .reopened(let again) = kind { _ = Glibc.close(again) } }

    /// Writes what there is room for.
    func writeAtOnce(_ bytes: [UInt8]) -> Outcome {
        switch kind {
        case .socket:
            attempt { send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)) }
        case .reopened(let again): attempt { Glibc.write(again, bytes, bytes.count) }
        case .polled:
            hasRoom(within: 0)
                ? attempt { Glibc.write(descriptor, bytes, min(bytes.count, Self.pipeRoom)) } : .wrote(0)
        case .file: write(bytes) ? .wrote(bytes.count) : .failed
        }
    }

    /// Blocks until the descriptor has taken everything.
    ///
    /// - Returns: Whether it has.
    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch attempt({ rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } }) {
            // Somebody else who holds the same file may have made it one that does not wait.
            case .wrote(0): _ = hasRoom(within: -1)
            case .wrote(let count): rest = rest.dropFirst(count)
            case .failed: return false
            }
        }
        return true
    }

    private func attempt(_ write: () -> Int) -> Outcome {
        while true {
            let count = write()
            if count >= 0 { return .wrote(count) }
            if errno == EAGAIN { return .wrote(0) }
            if errno != EINTR { return .failed }
        }
    }

    /// - Parameter milliseconds: -1 for as long as it takes.
    private func hasRoom(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, milliseconds) == 1
    }
}
