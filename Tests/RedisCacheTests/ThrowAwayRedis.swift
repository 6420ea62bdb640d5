import Foundation
import PluginTesting
import Synchronization

/// A Redis server of a test's own, to be killed, frozen, filled and started again on the same port.
final class ThrowAwayRedis: Sendable {
    let port: Int
    private let directory: TemporaryDirectory
    private let process = Mutex<Process?>(nil)
    private let settings: [String]

    /// - Parameter settings: Further lines of its configuration.
    init(_ settings: [String] = []) async throws {
        directory = try TemporaryDirectory()
        chmod(directory.path, 0o777)
        port = try ThrowAwayRedis.freePort()
        self.settings = settings
        try await start()
    }

    deinit {
        kill()
        directory.remove()
    }

    var url: String { "redis://tester:first@127.0.0.1:\(port)/0" }

    func start(password: String = "first") async throws {
        let file = directory.path + "/redis.conf"
        let lines = [
            "bind 127.0.0.1", "port \(port)", "dir \(directory.path)", "save \"\"", "user default off",
            "user tester on >\(password) ~* &* +@all",
            "enable-debug-command local", "logfile \"\"",
        ]
        try (lines + settings).joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        chmod(file, 0o644)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let server = ["redis-server", file]
        // Servers do not run as root.
        process.arguments =
            getuid() == 0 ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] + server : server
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process.withLock { $0 = process }
        guard await eventually({ isListening }) else { throw MissingServer("redis-server does not listen on \(port)") }
    }

    func kill() { signal(SIGKILL) }

    func freeze() { signal(SIGSTOP, waits: false) }

    func thaw() { signal(SIGCONT, waits: false) }

    /// Runs a command of `redis-cli`; for commands that are answered at once.
    @discardableResult
    func tell(_ words: String...) throws -> String {
        let output = Pipe()
        let cli = try begin(words, output)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        cli.waitUntilExit()
        return text
    }

    /// Runs a command of `redis-cli` that takes its time, and does not wait for it.
    func begin(_ words: [String], _ output: Pipe? = nil) throws -> Process {
        let cli = Process()
        cli.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        cli.arguments =
            ["redis-cli", "-p", "\(port)", "--user", "tester", "--pass", "first", "--no-auth-warning"] + words
        cli.standardOutput = output ?? FileHandle.nullDevice
        try cli.run()
        return cli
    }

    /// Ends such a command; a child of this process may have inherited that it takes no gentler signal.
    func end(_ cli: Process) {
        Glibc.kill(cli.processIdentifier, SIGKILL)
        cli.waitUntilExit()
    }

    private func signal(_ number: Int32, waits: Bool = true) {
        process.withLock { process in
            guard let running = process, running.isRunning else { return }
            Glibc.kill(running.processIdentifier, number)
            if waits {
                running.waitUntilExit()
                process = nil
            }
        }
    }

    private var isListening: Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = ThrowAwayRedis.loopback(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw MissingServer("no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(port).bigEndian
        return address
    }
}
