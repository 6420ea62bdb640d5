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
                guard source.format != .html else { return (source, asOf?.moment) }
                return (source, try source.positions(account: account, asOf: asOf?.moment).asOf)
            }
            try await HostSession(options).run { api in
                try await createAccountIfNew(source, api)
                Console.data(StatementReport(try await api.send(call(source, moment)).json()).text)
            }
        }

        private func call(_ source: ImportedFile, _ moment: Timestamp?) -> APICall {
            let time = moment.map { "&as_of=\(PercentEncoding.encode($0.description))" } ?? ""
            return APICall(
                method: .post, target: "/api/v1/statements?account_id=\(PercentEncoding.encode(account))\(time)",
                caller: .importer(of: account), contentType: source.mediaType, body: source.bytes)
        }

        /// With `--user`, makes the account when there is none: hedging, `manual`, with the statement's login. The
        /// statement is proved first, so that a refused one leaves no account behind.
        private func createAccountIfNew(_ source: ImportedFile, _ api: any HostAPI) async throws {
            guard let user else { return }
            let existing = try await api.send(
                .get("/api/v1/accounts/\(PercentEncoding.encode(account))", as: .command))
            guard existing.status == 404 else { return _ = try existing.json() }
            guard let currency, let timeZone else {
                throw ValidationError("account \(account) is new: give --currency and --time-zone too")
            }
            let login = source.format == .html ? try proved(source, currency, timeZone).login : nil
            let put = AccountRequest(
                id: account, user: user, currency: currency, timeZone: timeZone, snapshotInterval: "manual",
                login: login)
            _ = try await api.send(put.call).json()
        }

        private func proved(_ source: ImportedFile, _ currency: String, _ timeZone: String) throws -> BrokerStatement {
            guard let rule = TimeZoneRule(parsing: timeZone) else {
                throw ValidationError("`\(timeZone)` is not a time zone")
            }
            let statement = try FileComplaint.orExit { try source.statement(timeZone: rule) }
            guard statement.currency == currency.uppercased() else {
                Console.diagnostic("concord: \(file) is in \(statement.currency), not in \(currency)")
                throw ExitStatus.badInput
            }
            return statement
        }
    }
}
