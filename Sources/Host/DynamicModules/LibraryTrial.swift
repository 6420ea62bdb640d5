import CDynamicModules
import Glibc
import Synchronization

/// Opens a library in a process of its own first: one that is damaged, or traps or hangs while it is opened, ends that process and
/// not the host.
enum LibraryTrial {
    /// The program that opens it by `modules try`; `nil` where this process is another one, such as a test.
    static let program = Mutex<String?>(nil)

    /// How long opening may take.
    static let limit: Duration = .seconds(10)
    /// Where the program finds the library.
    static let descriptor: Int32 = 3
    /// How the program ends when it refuses the library itself, in better words than ours.
    static let refusedStatus: Int32 = 3

    /// - Throws: ``ModuleRefusal`` unless a process has opened the library and come back from it.
    static func run(_ file: ModuleFile) throws(ModuleRefusal) {
        guard let program = program.withLock({ $0 }) else { return }
        let memory = try MemoryFile(file)
        defer { memory.close() }
        let process = try start(program, memory.descriptor)
        guard let status = wait(for: process) else {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw ModuleRefusal(.file, "did not come back from being opened within \(limit.components.seconds) seconds")
        }
        if status & 0x7F != 0 {
            throw ModuleRefusal(
                .file, "ended the process that tried to open it, with signal \(status & 0x7F)",
                hint: "it is damaged, or traps as soon as it is loaded")
        }
        let code = (status >> 8) & 0xFF
        guard code == 0 || code == refusedStatus else {
            throw ModuleRefusal(.file, "ended the process that tried to open it, with status \(code)")
        }
    }

    private static func start(_ program: String, _ library: Int32) throws(ModuleRefusal) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, library, descriptor)
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup("modules"), strdup("try"), nil]
        // Whoever waits has no use for a backtrace.
        let variables: [UnsafeMutablePointer<CChar>?] = [strdup("SWIFT_BACKTRACE=enable=no"), nil]
        defer { for text in arguments + variables { free(text) } }
        var process: pid_t = 0
        let problem = posix_spawn(&process, program, &actions, nil, arguments, variables)
        guard problem == 0 else {
            throw ModuleRefusal(.file, "cannot be tried: \(String(cString: strerror(problem)))")
        }
        return process
    }

    /// - Returns: How the process ended, as `waitpid` says it; `nil` when it did not within the limit.
    private static func wait(for process: pid_t) -> Int32? {
        let end = ContinuousClock.now + limit
        var status: Int32 = 0
        while ContinuousClock.now < end {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { return status }
            // Somebody else has waited for it: there is nothing to be learned.
            if ended < 0 && errno != EINTR { return 0 }
            usleep(2_000)
        }
        return nil
    }
}

/// A library's bytes as a file without a place.
struct MemoryFile {
    let descriptor: Int32

    init(_ file: ModuleFile) throws(ModuleRefusal) {
        descriptor = concord_memory_file(file.name)
        let isWritten = descriptor >= 0 && file.bytes.withUnsafeBytes { [descriptor] in Self.write($0, to: descriptor) }
        guard isWritten else {
            throw ModuleRefusal(.file, "cannot be kept in memory: \(String(cString: strerror(errno)))")
        }
    }

    func close() { Glibc.close(descriptor) }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
