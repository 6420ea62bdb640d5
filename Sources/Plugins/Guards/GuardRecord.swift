import PluginAPI
import TradingBook

/// An account's drawdown guard as it is stored, read and written under the account row's lock.
struct GuardRecord: Sendable {
    var guardState = DrawdownGuard()
    /// The trip that is latched.
    var tripID: String?
    /// The snapshot that was last shown to the guards.
    var snapshotID: String
    /// When equity was last judged, on the host's clock; `nil` before the first complete snapshot.
    var lastCheckedAt: Timestamp?
    /// When quotes were last judged, on the host's clock; `nil` when there never were any.
    var marketCheckedAt: Timestamp?
    /// From when on the source is stale if nothing newer comes; `nil` when it never is.
    var staleFrom: Timestamp?
    /// Whether the account has a row.
    private var isStored = false

    mutating func see(_ change: IngestChange) {
        snapshotID = change.snapshotID
        staleFrom = Freshness(interval: change.account.snapshotInterval).staleFrom(change.snapshot.asOf)
        if change.snapshot.completeness == .complete { lastCheckedAt = change.now }
        if !change.snapshot.quotes.isEmpty { marketCheckedAt = change.now }
    }

    static func load(_ account: String, in transaction: any Transaction) throws(StorageError) -> GuardRecord? {
        let row = try transaction.rows(
            """
            SELECT state, peak, peak_at, equity, equity_at, pending_rise, trip_id, trip_cause, tripped_at,
                liquidation_at, snapshot_id, last_checked_at, market_checked_at, stale_from
            FROM guard_states WHERE account_id = \(account)
            """
        ).first
        return row.flatMap(GuardRecord.init)
    }

    private init?(_ row: Row) {
        guard let snapshotID = row.text("snapshot_id") else { return nil }
        self.init(
            guardState: DrawdownGuard(row), tripID: row.text("trip_id"), snapshotID: snapshotID,
            lastCheckedAt: row.timestamp("last_checked_at"), marketCheckedAt: row.timestamp("market_checked_at"),
            staleFrom: row.timestamp("stale_from"))
        isStored = true
    }

    init(
        guardState: DrawdownGuard = DrawdownGuard(),
        tripID: String? = nil,
        snapshotID: String,
        lastCheckedAt: Timestamp? = nil,
        marketCheckedAt: Timestamp? = nil,
        staleFrom: Timestamp? = nil
    ) {
        self.guardState = guardState
        self.tripID = tripID
        self.snapshotID = snapshotID
        self.lastCheckedAt = lastCheckedAt
        self.marketCheckedAt = marketCheckedAt
        self.staleFrom = staleFrom
    }

    /// Deposits, withdrawals and the like that are not in the peak yet, in the order they happened.
    static func unsettledFlows(of account: String, in transaction: any Transaction) throws(StorageError) -> [Flow] {
        let rows = try transaction.rows(
            """
            SELECT flow_id, time, amount FROM flows
            WHERE account_id = \(account) AND NOT is_applied ORDER BY time, flow_id
            """)
        return rows.compactMap { row in
            guard let id = row.text("flow_id"), let time = row.timestamp("time"), let amount = row.decimal("amount")
            else { return nil }
            // The guard asks for time and amount; what a flow is called makes no difference to it.
            return Flow(id: id, time: time, amount: amount, kind: .correction)
        }
    }

    /// Refuses flows that would move the peak out of the range of amounts, when they arrive: once they are stored, every
    /// later snapshot of the account would have to carry them.
    ///
    /// - Parameter unsettled: Flows the peak does not reflect yet, in their order.
    func checkRange(of unsettled: [Flow]) throws(Problem) {
        var moved = guardState.peak?.amount ?? .zero
        for flow in unsettled {
            moved += flow.amount
            guard moved.storedUnits != nil else {
                throw .unprocessable(
                    "The account's flows add up to more than an amount can be.",
                    errors: [
                        .init(
                            .pointer("/flows"),
                            "moves the account's peak out of range: magnitudes are below 92000000000")
                    ])
            }
        }
    }

    /// Writes the guard, and which flows are settled now.
    func store(
        _ events: [DrawdownGuard.Event],
        for change: IngestChange,
        in transaction: any Transaction
    ) throws {
        try write(account: change.account.id, in: transaction)
        let settled: [[Value]] = events.compactMap { event in
            if case .settled(let flow) = event { [.text(change.account.id), .text(flow)] } else { nil }
        }
        guard !settled.isEmpty else { return }
        try transaction.executeMany(
            "UPDATE flows SET is_applied = true WHERE account_id = ? AND flow_id = ?", settled)
    }

    private static let columns = [
        "state", "peak", "peak_at", "equity", "equity_at", "pending_rise", "trip_id", "trip_cause", "tripped_at",
        "liquidation_at", "snapshot_id", "last_checked_at", "market_checked_at", "stale_from",
    ]
    private static let insert = """
        INSERT INTO guard_states (\(columns.joined(separator: ", ")), account_id)
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")), ?)
        """
    private static let update = """
        UPDATE guard_states SET \(columns.map { "\($0) = ?" }.joined(separator: ", ")) WHERE account_id = ?
        """

    /// Writes the guard that ``load(_:in:)`` has read in the same transaction, or that is new.
    func write(account: String, in transaction: any Transaction) throws(StorageError) {
        let trip = guardState.trip
        try transaction.executeMany(
            isStored ? Self.update : Self.insert,
            [
                [
                    .text(guardState.state.rawValue), .decimal(guardState.peak?.amount),
                    .timestamp(guardState.peak?.at), .decimal(guardState.equity?.amount),
                    .timestamp(guardState.equity?.at), .decimal(guardState.pendingRise), .text(tripID),
                    .text(trip?.cause.rawValue), .timestamp(trip?.at), .timestamp(trip?.liquidationAt),
                    .text(snapshotID), .timestamp(lastCheckedAt), .timestamp(marketCheckedAt), .timestamp(staleFrom),
                    .text(account),
                ]
            ])
    }
}

extension DrawdownGuard {
    /// A guard from a row of `guard_states`, or of an outer join with it.
    init(_ row: Row) {
        func figure(_ amount: String, _ at: String) -> Figure? {
            guard let amount = row.decimal(amount), let at = row.timestamp(at) else { return nil }
            return Figure(amount: amount, at: at)
        }
        let trip = row.timestamp("tripped_at").map { at in
            Trip(
                cause: row.text("trip_cause").flatMap(Trip.Cause.init) ?? .drawdown, at: at,
                liquidationAt: row.timestamp("liquidation_at"))
        }
        self.init(
            peak: figure("peak", "peak_at"), equity: figure("equity", "equity_at"),
            pendingRise: row.decimal("pending_rise"),
            state: row.text("state").flatMap(GuardState.init) ?? .unknown, trip: trip)
    }
}
