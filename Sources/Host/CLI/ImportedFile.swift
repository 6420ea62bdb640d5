import PluginAPI
import TradingBook

/// A file somebody wants to bring in: its bytes, and what its name says it is.
struct ImportedFile: Sendable {
    enum Format: Sendable {
        case csv, json, html

        /// By the ending of the file's name; `nil` for any other.
        init?(named name: String) {
            switch name.split(separator: ".").last?.lowercased() {
            case "csv": self = .csv
            case "json": self = .json
            case "htm", "html": self = .html
            default: return nil
            }
        }
    }

    let name: String
    let bytes: [UInt8]
    let format: Format

    /// As `POST /statements` knows it.
    var mediaType: String {
        switch format {
        case .csv: "text/csv"
        case .json: "application/json"
        case .html: "text/html"
        }
    }

    /// Larger files are refused rather than read.
    private static let bytesMax = 32 << 20

    /// - Throws: ``FileComplaint``
    init(_ name: String) throws {
        self.name = name
        guard let format = Format(named: name) else {
            throw FileComplaint(lines: ["concord: \(name) is none of .csv, .json, .htm and .html".printable])
        }
        self.format = format
        do throws(FileProblem) {
            bytes = try TextFile.bytes(of: name, max: Self.bytesMax)
        } catch {
            throw FileComplaint(lines: ["concord: \(name) \(error.detail)".printable])
        }
    }

    /// How the file's rows are written; a statement has none that could be read without its proof.
    ///
    /// - Throws: ``FileComplaint`` for a statement.
    func rowFormat(of what: String) throws -> FileFormat {
        switch format {
        case .csv: return .csv
        case .json: return .json
        case .html: throw FileComplaint(lines: ["\(name): is not a list of \(what); those are .csv or .json".printable])
        }
    }

    /// The body of `POST /trades` that says what this file says.
    func tradesJSON(account: String) throws -> [UInt8] {
        let format = try rowFormat(of: "trades")
        let trades = try reading { () throws(FileRefused) in
            try TradeFile.parse(bytes, format: format, account: account)
        }
        var json = JSONWriter()
        json.array(of: trades) { json, trade in trade.write(to: &json) }
        return json.bytes
    }

    /// The open positions this file lists, as a complete snapshot; checks them before anything is sent.
    ///
    /// - Parameter asOf: `nil` takes the moment that the rows name.
    func positions(account: String, asOf: Timestamp?) throws -> Snapshot {
        let format = try rowFormat(of: "positions")
        return try reading { () throws(FileRefused) in
            try PositionFile.parse(bytes, format: format, account: account, asOf: asOf)
        }
    }

    /// The statement this file holds; proves it before anything is sent.
    func statement(timeZone: TimeZoneRule) throws -> BrokerStatement {
        try reading { () throws(FileRefused) in try MT4Statement.parse(bytes, timeZone: timeZone) }
    }

    /// Runs a reader; what it refuses is a complaint about this file.
    func reading<Result>(_ read: () throws(FileRefused) -> Result) throws -> Result {
        do throws(FileRefused) {
            return try read()
        } catch {
            throw FileComplaint(name, error)
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
