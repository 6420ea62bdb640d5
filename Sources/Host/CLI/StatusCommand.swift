import ArgumentParser
import PluginAPI

/// `concord status ID`: the reconciliation of an account, for people.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show an account's reconciliation and its breaks.")

    @OptionGroup var options: CommonOptions

    @Argument(help: "The account's ID.")
    var account: String

    func run() async throws {
        try await HostSession(options).run { api in
            let query = "?account_id=\(PercentEncoding.encode(account))"
            let status = try await api.send(.get("/api/v1/reconciliation/status\(query)", as: .command)).json()
            let breaks = try await Self.breaks(query, api)
            Console.data(AccountReport(status: status, breaks: breaks, account: account).text)
        }
    }

    /// All pages of the breaks that are not resolved.
    private static func breaks(_ query: String, _ api: any HostAPI) async throws -> [JSONValue] {
        var rows: [JSONValue] = []
        var cursor = ""
        while true {
            let page = try await api.send(
                .get("/api/v1/reconciliation/breaks\(query)&limit=500\(cursor)", as: .command)
            ).json()
            rows += page.elements("breaks")
            guard let next = page.text("next_cursor") else { return rows }
            cursor = "&cursor=\(PercentEncoding.encode(next))"
        }
    }
}
