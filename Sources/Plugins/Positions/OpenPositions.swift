import PluginAPI

/// The open positions of some accounts and what they add up to.
struct OpenPositions {
    private let positions: [PositionRow]
    /// Decimals of the accounts' one currency; 0 without accounts.
    private let currencyDigits: Int
    /// The accounts' equity together, or `nil` while that of an account with open positions is unknown.
    private let equity: FixedDecimal?
    /// When the newest of the data was taken.
    private let asOf: Timestamp?

    /// - Parameter rows: What ``PositionsModule/openRows(for:)`` selects: at least one row an account.
    /// - Throws: 400 when the accounts have more than one currency, because their money does not add up.
    init(_ rows: Rows) throws(Problem) {
        var accounts = Accounts()
        var positions: [PositionRow] = []
        positions.reserveCapacity(rows.endIndex)
        // By index: what is generic of another module's collection goes through tables of functions.
        for index in 0..<rows.endIndex {
            let row = rows[index]
            accounts.see(row)
            if let position = PositionRow(row) { positions.append(position) }
        }
        try accounts.requireOneCurrency()
        self.positions = positions
        currencyDigits = accounts.currencyDigits
        equity = accounts.equity
        asOf = accounts.asOf
    }

    func reply(for user: String) -> Reply {
        let total = positions.reduce(FixedDecimal.zero) { $0 + $1.unrealizedPnL }
        var json = JSONWriter(reservingCapacity: 256 + positions.count * PositionRow.usualBytes)
        json.object { json in
            json.field("user_id", user)
            json.field("total_positions", positions.count)
            json.field("total_unrealized_pnl", total, digits: currencyDigits)
            json.field("total_unrealized_pnl_pct", percentage(total), digits: 2)
            json.arrayField("positions", of: positions) { json, position in
                json.object { position.writeFields(to: &$0) }
            }
            json.field("last_updated_at", asOf)
        }
        return Reply(body: json.bytes)
    }

    /// 0 when there is no equity to compare with, or none left: a share of a debt has no meaning.
    private func percentage(_ total: FixedDecimal) -> FixedDecimal {
        guard let equity, equity > .zero else { return .zero }
        return total.percentage(of: equity) ?? .zero
    }

    static let schema: Schema = .object([
        "user_id": .text, "total_positions": .integer, "total_unrealized_pnl": .decimal,
        "total_unrealized_pnl_pct": .decimal, "positions": .array(PositionRow.schema(PositionRow.fields)),
        "last_updated_at": .optional(.timestamp),
    ])
}

/// What the rows of an outer join say about the accounts themselves, each counted once.
private struct Accounts {
    /// What ``PositionsModule/openRows(for:)`` selects of an account, behind what it selects of a position.
    private enum Column: Int {
        case holder, currency, equity, asOf

        var position: Int { PositionRow.columnsTotal + rawValue }
    }

    private var seen: Set<String> = []
    private var last: String?
    private var currencies: Set<String> = []
    private var knownEquity = FixedDecimal.zero
    private var lacksEquity = false
    private(set) var hasEquity = false
    private(set) var currencyDigits = 0
    private(set) var asOf: Timestamp?

    var equity: FixedDecimal? { hasEquity && !lacksEquity ? knownEquity : nil }

    mutating func see(_ row: Row) {
        guard let account = row.text(Column.holder.position) else { return }
        // An account's rows mostly follow one another.
        if account != last, seen.insert(account).inserted { add(row) }
        last = account
    }

    private mutating func add(_ row: Row) {
        currencies.insert(row.text(Column.currency.position) ?? "")
        currencyDigits = PositionRow.currencyDigits(of: row)
        if let accountAsOf = row.timestamp(Column.asOf.position) { asOf = max(asOf ?? accountAsOf, accountAsOf) }
        if let equity = row.decimal(Column.equity.position) {
            knownEquity += equity
            hasEquity = true
        } else if PositionRow.isPosition(row) {
            lacksEquity = true
        }
    }

    func requireOneCurrency() throws(Problem) {
        guard currencies.count > 1 else { return }
        let names = currencies.sorted().joined(separator: ", ")
        throw .badParameter(
            "account_id",
            "is needed: the accounts have different currencies (\(names)), and their money does not add up")
    }
}
