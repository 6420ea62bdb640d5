import Glibc
import PluginAPI
import StorageWork

/// A program run beside this one: its output as a stream, its complaints as text, and its end.
///
/// Used by one thread. Whoever waits for it ends it when their own caller has gone.
final class ChildProcess {
    /// How a program ended.
    struct End {
        /// The exit code, or 128 and the signal.
        var code: Int32
        /// The last of what it wrote to standard error, without line breaks at the end.
        var complaint: String
    }

    private let id: pid_t
    /// Read end of standard output; `nil` once closed, or when nobody wanted it.
    private var output: Int32?
    private let complaints: Int32
    private var end: End?

    private static let complaintMax = 4_096
    private static let endMax = Duration.seconds(5)

    /// - Parameters:
    ///   - environment: Laid over this program's own.
    ///   - readsOutput: Whether ``read(into:for:)`` will be called; otherwise output goes nowhere.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], readsOutput: Bool = false
    ) throws(ModuleError) {
        complaints = ChildProcess.namelessFile()
        guard complaints >= 0 else { throw ChildProcess.failure(program, errno) }
        var pipe: [Int32] = [-1, -1]
        if readsOutput, Glibc.pipe(&pipe) != 0 {
            close(complaints)
            throw ChildProcess.failure(program, errno)
        }
        for end in pipe where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { if readsOutput { close(pipe[1]) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        if readsOutput {
            posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO)
        var id = pid_t()
        let code = ChildProcess.spawn(&id, program, arguments, ChildProcess.variables(environment), &actions)
        guard code == 0 else {
            close(complaints)
            if readsOutput { close(pipe[0]) }
            throw ChildProcess.failure(program, code)
        }
        self.id = id
        output = readsOutput ? pipe[0] : nil
    }

    deinit {
        if end == nil { stop() }
        if let output { close(output) }
        close(complaints)
    }

    /// Waits for output. - Returns: How many bytes there are, 0 at its end.
    func read(into buffer: inout [UInt8], for caller: any Interruptible) throws -> Int {
        guard let output else { return 0 }
        while true {
            if caller.isOver { throw StorageError.timedOut }
            var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 50) > 0 else { continue }
            let count = Glibc.read(output, &buffer, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw ChildProcess.failure("the program", errno) }
        }
    }

    /// Waits for the end.
    func wait(for caller: any Interruptible) throws(StorageError) -> End {
        while true {
            if let end = look() { return end }
            if caller.isOver {
                stop()
                throw .timedOut
            }
            usleep(10_000)
        }
    }

    /// Ends it: gently, then not.
    func stop() {
        kill(id, SIGTERM)
        let latest = ContinuousClock.now + ChildProcess.endMax
        while look() == nil {
            if ContinuousClock.now >= latest { kill(id, SIGKILL) }
            usleep(10_000)
        }
    }

    private func look() -> End? {
        if let end { return end }
        var status: Int32 = 0
        let found = waitpid(id, &status, WNOHANG)
        if found == 0 || (found < 0 && errno == EINTR) { return nil }
        let signal = status & 0x7F
        end = End(code: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, complaint: complaint())
        return end
    }

    private func complaint() -> String {
        let size = lseek(complaints, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ChildProcess.complaintMax)
        let count = pread(complaints, &bytes, bytes.count, max(0, size - bytes.count))
        let lines: [Substring] = String(decoding: bytes[..<max(0, count)], as: UTF8.self).split(
            whereSeparator: \.isNewline)
        return lines.joined(separator: "\n")
    }
}

extension ChildProcess {
    /// With the signals a program expects, whatever this one ignores.
    private static func spawn(
        _ id: inout pid_t,
        _ program: String,
        _ arguments: [String],
        _ variables: [String],
        _ actions: inout posix_spawn_file_actions_t
    ) -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let settings = variables.map { strdup($0) } + [nil]
        defer { for text in words + settings { free(text) } }
        return posix_spawn(&id, program, &actions, &attributes, words, settings)
    }

    /// A file for this process and its child only; negative when there can be none.
    private static func namelessFile() -> Int32 {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/concord-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { return file }
        unlink(template)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        return file
    }

    private static func variables(_ changes: [String: String]) -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if changes[String(text.prefix { $0 != "=" })] == nil { variables.append(text) }
            next += 1
        }
        return variables + changes.map { "\($0.key)=\($0.value)" }
    }

    private static func failure(_ program: String, _ code: Int32) -> ModuleError {
        .unavailable(reason: "\(program) cannot be run: \(String(cString: strerror(code)))")
    }
}
