import ArgumentParser

/// `concord health`: does the configured host answer, and is it ready?
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask the configured host; exit 0 when well, 3 when not.")

    @OptionGroup var options: CommonOptions

    @Flag(help: "Ask whether it is ready to answer queries.")
    var ready = false

    func run() async throws {
        let base = try options.load().configurationOrExit().base
        let path = ready ? "/api/v1/ready" : "/api/v1/health"
        switch await RemoteHostAPI.status(of: path, at: base) {
        case 200?: Console.data(ready ? "ready" : "healthy")
        case let status?:
            Console.diagnostic("concord: \(base)\(path) answers \(status)")
            throw ExitStatus.notReady
        case nil:
            Console.diagnostic("concord: nobody answers at \(base)")
            throw ExitStatus.notReady
        }
    }
}
