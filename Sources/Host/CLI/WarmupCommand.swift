import ArgumentParser
import Glibc
import PluginAPI

/// `concord warmup`: asks a running host what clients ask first, so that they are answered from its cache.
///
/// Each owner's queries are asked with a token of that owner, because that is how the cache tells users apart.
struct WarmupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warmup", abstract: "Fill the cache of the configured host for recently active accounts.")

    @OptionGroup var options: CommonOptions

    @Option(help: "Queries at a time, 1 to 64.")
    var concurrency = 8

    @Option(help: "Accounts that a snapshot came in for within this many hours count as active.")
    var hours = 24

    func run() async throws {
        guard (1...64).contains(concurrency) else { throw ValidationError("--concurrency is 1 to 64") }
        guard (1...8760).contains(hours) else { throw ValidationError("--hours is 1 to 8760") }
        let assembly = try HostAssembly.orExit(options.load(opening: ModuleOpening()))
        let base = assembly.configuration.base
        guard await RemoteHostAPI.answers(at: base) else {
            Console.diagnostic("concord: nobody answers at \(base); a cache is warmed where it is")
            throw ExitStatus.notReady
        }
        let api = RemoteHostAPI(base: base, minter: assembly.minter, clock: assembly.clock)
        let since = assembly.clock.now - .seconds(hours * 3_600)
        let accounts = try await api.send(.get("/api/v1/accounts", as: .command)).json().elements("accounts")
        let owners = Set(accounts.filter { Self.isActive($0, since: since) }.compactMap { $0.text("user_id") })
        let paths = assembly.queryPath.operations.filter(\.operation.isWarmable).map(\.template)
        try await ask(owners.sorted().flatMap { owner in paths.map { (owner, $0) } }, api)
    }

    private func ask(_ questions: [(user: String, path: String)], _ api: RemoteHostAPI) async throws {
        var warmed = 0
        var waiting = questions[...]
        try await withThrowingTaskGroup(of: Bool.self) { group in
            func next() {
                guard let (user, path) = waiting.popFirst() else { return }
                group.addTask { try await api.send(.get(path, as: Caller(subject: user, role: .user))).status == 200 }
            }
            for _ in 0..<concurrency { next() }
            for try await isWarm in group {
                if isWarm { warmed += 1 }
                next()
                if isatty(STDERR_FILENO) == 1 {
                    Console.write(diagnostics: "\r\(questions.count - waiting.count) of \(questions.count)")
                }
            }
        }
        Console.data("\(warmed) of \(questions.count) answers are warm")
        if warmed < questions.count { throw ExitStatus.failed }
    }

    private static func isActive(_ account: JSONValue, since: Timestamp) -> Bool {
        guard let text = account.text("last_received_at"), let time = Timestamp(parsing: text) else { return false }
        return time >= since
    }
}
