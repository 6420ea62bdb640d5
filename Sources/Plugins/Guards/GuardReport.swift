import PluginAPI

/// What both guards have to say about some accounts at one moment.
struct GuardReport: Sendable {
    private let user: String
    private let now: Timestamp
    private let drawdownLimits: DrawdownLimits
    private let marketAct: GuardAct
    private let accounts: [DrawdownReport]
    /// By symbol, then account.
    private let symbols: [SymbolReport]
    private let marketCheckedAt: Timestamp?

    /// - Parameter rows: At least one row an account; with symbols, one a symbol of it, in the order they go out.
    init(_ rows: Rows, withSymbols: Bool, for request: Request, by module: GuardsModule) {
        user = request.user
        now = request.now
        drawdownLimits = module.drawdownLimits
        marketAct = module.marketGuard.limits.act
        var seen: Set<String> = []
        accounts = rows.filter { row in row.text("account_id").map { seen.insert($0).inserted } ?? false }
            .map { DrawdownReport($0, at: request.now) }
        symbols =
            withSymbols
            ? rows.compactMap { SymbolReport($0, judgedBy: module.marketGuard, at: request.now) } : []
        marketCheckedAt = rows.compactMap { $0.timestamp("market_checked_at") }.max()
    }

    func drawdownReply() -> Reply {
        Reply(validUntil: accounts.compactMap { $0.nextChange(after: now) }.min()) { (json: inout JSONWriter) in
            writeDrawdown(to: &json)
        }
    }

    func marketReply() -> Reply {
        Reply(validUntil: symbols.compactMap(\.staleFrom).min()) { (json: inout JSONWriter) in
            json.field("user_id", user)
            json.arrayField("symbols", of: symbols) { json, symbol in symbol.write(to: &json) }
            json.key("alerts")
            writeAlerts(to: &json)
            json.field("last_evaluated_at", marketCheckedAt)
        }
    }

    func statusReply() -> Reply {
        let moments = accounts.compactMap { $0.nextChange(after: now) } + symbols.compactMap(\.staleFrom)
        return Reply(validUntil: moments.min()) { (json: inout JSONWriter) in
            json.field("user_id", user)
            json.field("system_status", systemStatus.rawValue)
            json.objectField("drawdown_guard") { writeDrawdown(to: &$0) }
            json.key("market_guard_alerts")
            writeAlerts(to: &json)
            json.field("any_positions_should_close", shouldAnyClose)
            json.field("last_evaluated_at", (accounts.map(\.lastCheckedAt) + [marketCheckedAt]).compactMap { $0 }.max())
        }
    }

    /// Both guards in a word.
    enum SystemStatus: String, CaseIterable {
        case healthy, warning
        /// Something cannot be judged.
        case degraded
    }

    private var systemStatus: SystemStatus {
        if accounts.isEmpty || accounts.contains(where: { $0.state == .unknown }) { return .degraded }
        if symbols.contains(where: { $0.state == .unknown }) { return .degraded }
        let isQuiet = accounts.allSatisfy { $0.state == .ok } && symbols.allSatisfy { $0.state == .ok }
        return isQuiet ? .healthy : .warning
    }

    private var shouldAnyClose: Bool {
        accounts.contains(where: \.shouldCloseAll)
            || (marketAct == .close && symbols.contains { !$0.alerts.isEmpty })
    }

    private func writeDrawdown(to json: inout JSONWriter) {
        DrawdownReport.worst(of: accounts).write(for: user, limits: drawdownLimits, at: now, to: &json)
    }

    private func writeAlerts(to json: inout JSONWriter) {
        json.array { json in
            for symbol in symbols {
                for alert in symbol.alerts { symbol.write(alert, act: marketAct, to: &json) }
            }
        }
    }

    static let marketSchema: Schema = .object([
        "user_id": .text, "symbols": .array(SymbolReport.schema), "alerts": .array(SymbolReport.alertSchema),
        "last_evaluated_at": .optional(.timestamp),
    ])

    static let statusSchema: Schema = .object([
        "user_id": .text, "system_status": .choice(SystemStatus.allCases.map(\.rawValue)),
        "drawdown_guard": DrawdownReport.schema, "market_guard_alerts": .array(SymbolReport.alertSchema),
        "any_positions_should_close": .boolean, "last_evaluated_at": .optional(.timestamp),
    ])
}
