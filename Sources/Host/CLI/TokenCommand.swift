import ArgumentParser
import PluginAPI

/// `concord token`: make tokens, and see what one says.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Mint or inspect tokens.", subcommands: [Mint.self, Inspect.self])

    struct Mint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A token, alone on standard output.")

        @OptionGroup var options: CommonOptions

        @Option(help: "The token's subject.")
        var user: String

        @Option(help: "user, agent or operator.")
        var role = "user"

        @Option(help: "How long it is good, such as 24h; the configured lifetime when absent.")
        var ttl: String?

        @Option(help: "An account an agent writes for; may be repeated.")
        var account: [String] = []

        @Flag(help: "An agent that writes for every account.")
        var allAccounts = false

        func run() async throws {
            guard let role = Role(rawValue: role) else { throw ValidationError("a role is user, agent or operator") }
            guard (account.isEmpty && !allAccounts) || role == .agent else {
                throw ValidationError("--account and --all-accounts are for agents")
            }
            for id in [user] + account where !Self.isID(id) {
                throw ValidationError("`\(id)` is not 1 to 128 bytes of printable ASCII without space")
            }
            let assembly = try HostAssembly.orExit(options.load())
            let lifetime = try ttl.map(Self.lifetime) ?? assembly.configuration.auth.lifetime
            let caller = Caller(subject: user, role: role, grant: allAccounts ? .all : .accounts(Set(account)))
            Console.data(assembly.minter.mint(caller, at: assembly.clock.now, lifetime: lifetime))
        }

        private static func isID(_ text: String) -> Bool {
            (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }

        private static func lifetime(_ text: String) throws -> Duration {
            guard let duration = DurationText(parsing: text[...])?.duration, duration >= .seconds(1) else {
                throw ValidationError("`\(text)` is not a lifetime; write 90s, 30m, 24h or 7d")
            }
            return duration
        }
    }

    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What a token says, and whether this host takes it.")

        @OptionGroup var options: CommonOptions

        @Argument(help: "The token.")
        var token: String

        func run() async throws {
            let report = options.load()
            let configuration = try report.configurationOrExit()
            let assembly = try HostAssembly.orExit(report)
            let signature = TokenSignature(secret: try configuration.auth.secret.obtain())
            let roles = RoleNames(mapped: configuration.auth.roles)
            let verifier = TokenVerifier(
                signature: signature, roles: roles, leeway: configuration.auth.leeway, clock: assembly.clock)
            let finding = TokenInspector(verifier: verifier, roles: roles).inspect(token, at: assembly.clock.now)
            Console.data(finding)
            guard let json = try? JSONValue(parsing: finding), case .boolean(true)? = json["valid"] else {
                throw ExitStatus.failed
            }
        }
    }
}
