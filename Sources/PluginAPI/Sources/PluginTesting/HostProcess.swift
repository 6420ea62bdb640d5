import Foundation
import FoundationNetworking

/// A host of its own with one dynamic module in it, for tests of what that answers to whom.
///
/// It is the program that operators run, on SQLite in a temporary directory: found by the environment variable `CONCORD`, or
/// as `concord` in `PATH`. It serves until ``stop()`` is called.
public final class HostProcess {
    /// An answer of the host.
    public struct Answer: Sendable, Equatable {
        public var status: Int
        public var body: String
    }

    /// Why there is no host, with what it said itself.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let directory: URL
    private let program: String
    private let process = Process()
    private var base = ""
    private var tokens: [String: String] = [:]

    /// Starts a host that has loaded a library.
    ///
    /// - Parameters:
    ///   - library: The name of a `.dynamic` product, without `lib` and `.so`; it lies beside the test's own program.
    ///   - config: What `config` of its item in `modules.dynamic` says, as YAML in braces: `{ days: 3 }`.
    ///   - files: Files for the directory in which the host runs, by their names.
    /// - Throws: ``Failure``.
    public init(loading library: String, config: String = "", files: [String: String] = [:]) async throws {
        program = try Self.findProgram()
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("concord-\(UUID().uuidString)")
        let modules = directory.appendingPathComponent("modules")
        try FileManager.default.createDirectory(
            at: modules, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        do {
            let file = modules.appendingPathComponent("lib\(library).so")
            try FileManager.default.copyItem(at: Self.built(library), to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
            for (name, text) in files { try write(text, to: name) }
            try write(configuration(item(for: file, config)), to: "concord.yaml")
            base = try serve()
        } catch {
            stop()
            throw error
        }
    }

    /// Ends the host and removes what it kept.
    public func stop() {
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: directory)
    }

    // MARK: - Calls

    /// Asks as a user with a token of their own.
    ///
    /// - Parameter target: Path and query: `/api/v1/turnover?from=-7d`.
    public func get(_ target: String, as user: String) async throws -> Answer {
        try await send("GET", target, token: token("--user", user, "--role", "user"))
    }

    /// Writes as an agent for all accounts.
    ///
    /// - Parameter body: JSON.
    /// - Throws: ``Failure`` unless the answer is a good one.
    public func post(_ target: String, _ body: String) async throws { try await write("POST", target, body) }

    /// Makes an account, or changes it.
    ///
    /// - Parameters:
    ///   - user: Whose it is.
    ///   - currency: Of its balance: `USD`.
    /// - Throws: ``Failure`` unless the answer is a good one.
    public func put(account: String, of user: String, currency: String = "USD") async throws {
        try await write(
            "PUT", "/api/v1/accounts/\(account)",
            #"{"user_id":"\#(user)","currency":"\#(currency)","time_zone":"UTC","mode":"hedging"}"#)
    }

    private func write(_ method: String, _ target: String, _ body: String) async throws {
        let token = try token("--user", "tests", "--role", "agent", "--all-accounts")
        let answer = try await send(method, target, token: token, body: body)
        guard (200..<300).contains(answer.status) else {
            throw Failure(description: "\(method) \(target): \(answer.status) \(answer.body)")
        }
    }

    /// Runs a command of the program on the host's configuration: `["check", "--probe"]`.
    ///
    /// - Returns: What it printed.
    /// - Throws: ``Failure`` unless it ended well.
    @discardableResult
    public func run(_ arguments: [String]) throws -> String {
        let command = Process()
        let (output, diagnostics) = (Pipe(), Pipe())
        prepare(command, arguments + ["--config", "concord.yaml"])
        (command.standardOutput, command.standardError) = (output, diagnostics)
        try command.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = diagnostics.fileHandleForReading.readDataToEndOfFile()
        command.waitUntilExit()
        guard command.terminationStatus == 0 else {
            throw Failure(
                description:
                    "concord \(arguments.joined(separator: " ")): \(String(decoding: complaint, as: UTF8.self))")
        }
        return String(decoding: printed, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func token(_ arguments: String...) throws -> String {
        let key = arguments.joined(separator: " ")
        if let known = tokens[key] { return known }
        let token = try run(["token", "mint"] + arguments)
        tokens[key] = token
        return token
    }

    private func send(_ method: String, _ target: String, token: String, body: String? = nil) async throws -> Answer {
        guard let url = URL(string: base + target) else { throw Failure(description: "\(target) is no path") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = body.map { Data($0.utf8) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        return Answer(status: status, body: String(decoding: data, as: UTF8.self))
    }

    // MARK: - The host

    private func serve() throws -> String {
        let output = Pipe()
        prepare(process, ["serve", "--print-tokens", "--config", "concord.yaml"])
        let log = directory.appendingPathComponent("log")
        try write("", to: "log")
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        var text = ""
        // The address is the first thing it prints once it serves; the end of the output is the end of the host.
        while true {
            let data = output.fileHandleForReading.availableData
            text += String(decoding: data, as: UTF8.self)
            if let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Serving:") }),
                text.contains("Admin:"),
                let address = line.split(separator: " ").first(where: { $0.hasPrefix("http://") })
            {
                // What it prints later goes nowhere, and must not fill the pipe.
                output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
                return String(address)
            }
            guard !data.isEmpty else {
                let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
                throw Failure(description: "the host did not start: \(said)")
            }
        }
    }

    /// The item of `modules.dynamic` as the program itself spells it.
    private func item(for file: URL, _ config: String) throws -> String {
        try write("storage: { sqlite: { path: concord.db } }\n", to: "concord.yaml")
        let report = try run(["modules", "check", file.path])
        guard let item = report.split(separator: "\n").last(where: { $0.contains("sha256:") }) else {
            throw Failure(description: "concord modules check says of no item: \(report)")
        }
        guard !config.isEmpty else { return String(item) }
        let own = item.firstRange(of: ", config:")?.lowerBound ?? item.lastIndex(of: "}") ?? item.endIndex
        return item[..<own] + ", config: \(config) }"
    }

    private func configuration(_ item: String) -> String {
        """
        server: { port: 0 }
        admin: { port: 0 }
        storage: { use: sqlite, sqlite: { path: concord.db } }
        modules:
          sql: queries
          traps: traps
          dynamic:
        \(item)

        """
    }

    private func prepare(_ process: Process, _ arguments: [String]) {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = directory
    }

    private func write(_ text: String, to name: String) throws {
        let file = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// SwiftPM builds libraries and tests into one directory.
    private static func built(_ library: String) throws -> URL {
        let test = URL(fileURLWithPath: CommandLine.arguments[0]).standardizedFileURL
        let file = test.deletingLastPathComponent().appendingPathComponent("lib\(library).so")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw Failure(description: "there is no \(file.path); build the package's products first: swift build")
        }
        return file
    }

    private static func findProgram() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        if let program = environment["CONCORD"], !program.isEmpty { return program }
        let places = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/concord" }
        guard let program = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw Failure(description: "no concord in PATH; set CONCORD to the program's path")
        }
        return program
    }
}
