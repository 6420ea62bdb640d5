import ArgumentParser
import HTTPTypes
import PluginAPI

/// `concord account`: whose accounts there are.
struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Put or list accounts.", subcommands: [Put.self, List.self])

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create an account, or replace its settings.")

        @OptionGroup var options: CommonOptions

        @Argument(help: "The account's ID.")
        var id: String

        @Option(help: "Whose it is.")
        var user: String

        @Option(help: "hedging or netting.")
        var mode = "hedging"

        @Option(help: "ISO 4217 code.")
        var currency: String

        @Option(help: "The broker's clock: an IANA name, UTC±HH:MM, or an IANA name with an offset.")
        var timeZone: String

        @Option(help: "How often a snapshot is expected, such as 10s; or manual.")
        var snapshotInterval = "10s"

        @Option(help: "The broker's name.")
        var broker: String?

        @Option(help: "The broker's account number.")
        var login: String?

        func run() async throws {
            try await HostSession(options).run { api in
                let put = AccountRequest(
                    id: id, user: user, mode: mode, currency: currency, timeZone: timeZone,
                    snapshotInterval: snapshotInterval, broker: broker, login: login)
                _ = try await api.send(put.call).json()
                Console.data("account \(id) of user \(user)")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All accounts, one a line.")

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await HostSession(options).run { api in
                let answer = try await api.send(.get("/api/v1/accounts", as: .command)).json()
                let accounts = answer.elements("accounts")
                guard !accounts.isEmpty else { return Console.diagnostic("there are no accounts") }
                var table = TextTable(header: [
                    "account", "user", "mode", "currency", "time zone", "interval", "equity",
                ])
                for account in accounts {
                    table.append(
                        ["account_id", "user_id", "mode", "currency", "time_zone", "snapshot_interval", "equity"]
                            .map { account.shown($0) })
                }
                Console.data(table.text)
            }
        }
    }
}

/// The PUT that creates or replaces an account.
struct AccountRequest: Sendable {
    var id: String
    var user: String
    var mode = "hedging"
    var currency: String
    var timeZone: String
    var snapshotInterval: String
    var broker: String?
    var login: String?

    var call: APICall {
        var json = JSONWriter()
        json.object { json in
            json.field("user_id", user)
            json.field("mode", mode)
            json.field("currency", currency)
            json.field("time_zone", timeZone)
            json.field("snapshot_interval", snapshotInterval)
            json.field("broker", broker)
            json.field("login", login)
        }
        return APICall(
            method: .put, target: "/api/v1/accounts/\(PercentEncoding.encode(id))", caller: .command,
            contentType: "application/json", body: json.bytes)
    }
}
