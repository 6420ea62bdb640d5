import PluginAPI
import TradingBook

/// A file somebody wants to bring in: its bytes, and what its name says it is.
struct ImportedFile: Sendable {
    enum Format: Sendable {
        case csv, json, html
    }

    let name: String
    let bytes: [UInt8]
    let format: Format

    /// Larger files are refused rather than read.
    private static let bytesMax = 32 << 20

    /// - Throws: `ExitCode` 2 after saying why on standard error.
    init(_ name: String) throws {
        self.name = name
        switch name.split(separator: ".").last?.lowercased() {
        case "csv": format = .csv
        case "json": format = .json
        case "htm", "html": format = .html
        default:
            Console.diagnostic("concord: \(name) is none of .csv, .json, .htm and .html")
            throw ExitStatus.badInput
        }
        do throws(FileProblem) {
            bytes = try TextFile.bytes(of: name, max: Self.bytesMax)
        } catch {
            Console.diagnostic("concord: \(name) \(error.detail)")
            throw ExitStatus.badInput
        }
    }

    /// The body of `POST /trades` that says what this file says.
    func tradesJSON(account: String) throws -> [UInt8] {
        guard format != .html else {
            Console.diagnostic("concord: \(name) is not a book of trades; those are .csv or .json")
            throw ExitStatus.badInput
        }
        let trades = try reading { () throws(FileRefused) in
            try TradeFile.parse(bytes, format: format == .csv ? .csv : .json, account: account)
        }
        var json = JSONWriter()
        json.array(of: trades) { json, trade in trade.write(to: &json) }
        return json.bytes
    }

    /// The statement this file holds; proves it before anything is sent.
    func statement(timeZone: TimeZoneRule) throws -> BrokerStatement {
        try reading { () throws(FileRefused) in try MT4Statement.parse(bytes, timeZone: timeZone) }
    }

    /// Runs a reader; every problem it finds is a line `file:line:column: what`.
    private func reading<Result>(_ read: () throws(FileRefused) -> Result) throws -> Result {
        do {
            return try read()
        } catch {
            for problem in error.problems {
                let place = [name, problem.line.map(String.init), problem.column.map(String.init)].compactMap(\.self)
                let section = problem.section.map { "\($0): " } ?? ""
                Console.diagnostic("\(place.joined(separator: ":")): \(section)\(problem.detail)")
            }
            throw ExitStatus.badInput
        }
    }
}

extension Trade {
    /// Writes the trade as the contract spells it.
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("trade_id", id)
            json.field("account_id", account)
            json.field("symbol", symbol)
            json.field("direction", direction.rawValue)
            json.field("volume", volume)
            json.field("entry_price", entryPrice)
            json.field("entry_time", entryTime)
            json.field("status", isOpen ? "open" : "closed")
            json.field("signal_id", signal)
            json.field("approval_id", approval)
            json.field("ticket", ticket)
            json.field("reference", reference)
            json.field("comment", comment)
            json.field("magic", magic)
            json.field("take_profit", takeProfit)
            json.field("stop_loss", stopLoss)
            json.field("closed_at", closedAt)
            json.field("close_price", closePrice)
            json.arrayField("fills", of: fills) { json, fill in
                json.object { json in
                    json.field("fill_id", fill.id)
                    json.field("volume", fill.volume)
                    json.field("price", fill.price)
                    json.field("time", fill.time)
                }
            }
        }
    }
}
