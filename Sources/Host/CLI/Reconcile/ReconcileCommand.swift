import ArgumentParser
import PluginAPI
import TradingBook

/// `concord reconcile`: compares a book with a broker's positions, both from files. Nothing is opened or written.
///
/// It takes `--config` as every command does and reads nothing from it: the two files and the policy are all there is, so
/// the same three files get the same answer on any machine.
struct ReconcileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare a book with a broker's positions, both from files; no server, nothing stored.",
        discussion: "Exit code 0: they agree. 1: there are breaks. 2: a file is incomplete or cannot be read.")

    enum Format: String, ExpressibleByArgument {
        case text, json
    }

    enum Mode: String, ExpressibleByArgument {
        case hedging, netting

        var mode: Account.Mode {
            switch self {
            case .hedging: .hedging
            case .netting: .netting
            }
        }
    }

    @OptionGroup var options: CommonOptions

    @Option(help: "The bot's trades as .csv or .json, or a statement (.htm) taken as a book.")
    var ours: String

    @Option(help: "The broker's positions as .csv or .json, or its statement as .htm.")
    var broker: String

    @Option(help: "hedging or netting.")
    var mode = Mode.hedging

    @Option(help: "The broker's clock, which a statement does not name.")
    var timeZone: String?

    @Option(help: "The moment the broker's positions were read, unless their rows name it as as_of.")
    var asOf: MomentArgument?

    @Option(help: "The account's currency (ISO 4217), for files that name none.")
    var currency: String?

    @Option(help: "A YAML file with pairing, tolerance and instruments, as the configuration has them.")
    var policy: String?

    @Option(help: "text, or json on standard output.")
    var format = Format.text

    func validate() throws {
        if let timeZone, TimeZoneRule(parsing: timeZone) == nil {
            throw ValidationError("`\(timeZone)` is not a time zone")
        }
        if let currency, Currency(currency) == nil {
            throw ValidationError("`\(currency)` is not a currency of ISO 4217, like EUR")
        }
        if asOf != nil, ImportedFile.Format(named: broker) == .html {
            throw ValidationError("--as-of is for lists of positions; a statement says its own time")
        }
    }

    func run() throws {
        let comparison = try readAll()
        let outcome = try FileComplaint.orExit { try comparison.outcome() }
        let report = ComparisonReport(comparison: comparison, outcome: outcome)
        switch format {
        case .json: Console.data(report.json)
        case .text: Console.data(report.text)
        }
        switch outcome.verdict {
        case .reconciled: break
        case .breaks: throw ExitStatus.failed
        case .incomplete: throw ExitStatus.badInput
        }
    }

    /// Reads the policy and both files; what is wrong with any of them is said at once.
    private func readAll() throws -> FileComparison {
        let clock = timeZone.flatMap { TimeZoneRule(parsing: $0) }
        var complaints: [FileComplaint] = []
        func collect<Content>(_ read: () throws -> Content) throws -> Content? {
            do {
                return try read()
            } catch let complaint as FileComplaint {
                complaints.append(complaint)
                return nil
            }
        }
        let rules = try collect { try policy.map { try PolicyFile.read($0) } ?? PolicyFile() }
        let book = try collect { try ComparedBook(ImportedFile(ours), timeZone: clock) }
        let snapshot = try collect {
            try ComparedSnapshot(
                ImportedFile(broker), account: book?.account, timeZone: clock, asOf: asOf?.moment)
        }
        let stated = [(broker, snapshot?.currency), (ours, book?.currency)]
        let money = try collect { try Self.currency(currency, stated) }
        guard let rules, let book, let snapshot, let money else {
            for complaint in complaints { complaint.print() }
            throw ExitStatus.badInput
        }
        return FileComparison(
            mode: mode.mode, book: book, snapshot: snapshot, policy: rules, currency: money)
    }

    /// What is named first: by the option, or by a file; nobody may name another.
    ///
    /// - Throws: ``FileComplaint`` with every file that does.
    private static func currency(
        _ option: String?, _ stated: [(file: String, code: String?)]
    ) throws(FileComplaint) -> String? {
        let code = option ?? stated.lazy.compactMap(\.code).first
        let lines = stated.compactMap { file, other -> String? in
            guard let code, let other, !other.utf8.elementsEqual(code.utf8) else { return nil }
            return "\(file): the currency is \(other), but the files are compared in \(code)".printable
        }
        guard lines.isEmpty else { throw FileComplaint(lines: lines) }
        return code
    }
}
