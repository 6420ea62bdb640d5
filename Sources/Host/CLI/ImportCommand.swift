import ArgumentParser
import HTTPTypes
import PluginAPI
import TradingBook

/// `concord import`: files, each taken whole or refused whole.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring in a bot's trades or a broker's statement.",
        subcommands: [Trades.self, Statement.self])

    struct Trades: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The bot's book as .csv or .json.")

        @OptionGroup var options: CommonOptions

        @Argument(help: "The file.")
        var file: String

        @Option(help: "The account the trades belong to.")
        var account: String

        func run() async throws {
            let body = try FileComplaint.orExit { try ImportedFile(file).tradesJSON(account: account) }
            try await HostSession(options).run { api in
                let counts = try await api.send(
                    APICall(
                        method: .post, target: "/api/v1/trades", caller: .importer(of: account),
                        contentType: "application/json", body: body)
                ).json()
                Console.data(
                    "\(counts.shown("received")) trades: \(counts.shown("inserted")) inserted, "
                        + "\(counts.shown("updated")) updated, \(counts.shown("unchanged")) unchanged")
            }
        }
    }

    struct Statement: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A broker's statement: MetaTrader 4 as .htm, or positions as .csv or .json.")

        @OptionGroup var options: CommonOptions

        @Argument(help: "The file.")
        var file: String

        @Option(help: "The account it is of.")
        var account: String

        @Option(help: "Create the account for this user when there is none.")
        var user: String?

        @Option(help: "The account's currency, when it is created.")
        var currency: String?

        @Option(help: "The broker's clock, when the account is created.")
        var timeZone: String?

        @Option(help: "The moment positions were read, with a zone; their rows may name it as as_of instead.")
        var asOf: MomentArgument?

        func run() async throws {
            let (source, moment) = try FileComplaint.orExit { () -> (ImportedFile, Timestamp?) in
                let source = try ImportedFile(file)
                guard source.format != .html else {
                    // Proved here already where its clock is known, so that what is wrong has the file's name and line.
                    if let rule = timeZone.flatMap(TimeZoneRule.init(parsing:)) {
                        _ = try source.statement(timeZone: rule)
                    }
                    return (source, asOf?.moment)
                }
                return (source, try source.positions(account: account, asOf: asOf?.moment).asOf)
            }
            try await HostSession(options).run { api in
                Console.data(StatementReport(try await api.send(call(source, moment)).json()).text)
            }
        }

        /// The account is created, where it is to be, in the transaction that takes the statement in: a refused one leaves
        /// none behind.
        private func call(_ source: ImportedFile, _ moment: Timestamp?) -> APICall {
            let parameters = [
                ("as_of", moment?.description), ("user_id", user), ("currency", currency), ("time_zone", timeZone),
            ]
            let query = parameters.compactMap { name, value in
                value.map { "&\(name)=\(PercentEncoding.encode($0))" }
            }
            return APICall(
                method: .post,
                target: "/api/v1/statements?account_id=\(PercentEncoding.encode(account))\(query.joined())",
                caller: .importer(of: account), contentType: source.mediaType, body: source.bytes)
        }
    }
}
