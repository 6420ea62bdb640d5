import PluginAPI
import TradingBook

/// An order to an account's own agents to close one position, written once for a trip.
///
/// ```
///            lease                    confirm
///  pending ─────────► leased ──────────────────► confirmed
///   ▲  │                │ │
///   │  │                │ └── fail ────────────► failed
///   └──┼── lease over ──┘
///      └── position gone, too old, guard released ► expired
/// ```
///
/// A release expires a leased one too. Only the agent that holds the lease can confirm or fail it, while the lease runs.
struct CloseCommand: Sendable, Equatable {
    /// Derived from account, trip and ticket.
    let id: String
    let account: String
    let tripID: String
    let ticket: Int64
    let reason: ReportedClosing.Reason
    private(set) var status: Status
    /// The agent that has it, or had it when it ended.
    private(set) var agent: String?
    private(set) var leasedUntil: Timestamp?
    private(set) var closePrice: FixedDecimal?
    private(set) var closedAt: Timestamp?
    /// Why it failed or expired, in words.
    private(set) var detail: String?

    enum Status: String, Sendable, CaseIterable {
        case pending, leased, confirmed, failed, expired
    }

    /// Whether a call has changed the command, or has only said again what is stored.
    enum Step: Sendable, Equatable {
        case changed
        case repeated
    }

    /// How old a command becomes that nobody carries out.
    static let lifetime: Duration = .seconds(86_400)

    init(
        id: String,
        account: String,
        tripID: String,
        ticket: Int64,
        reason: ReportedClosing.Reason,
        status: Status = .pending,
        agent: String? = nil,
        leasedUntil: Timestamp? = nil,
        closePrice: FixedDecimal? = nil,
        closedAt: Timestamp? = nil,
        detail: String? = nil
    ) {
        self.id = id
        self.account = account
        self.tripID = tripID
        self.ticket = ticket
        self.reason = reason
        self.status = status
        self.agent = agent
        self.leasedUntil = leasedUntil
        self.closePrice = closePrice
        self.closedAt = closedAt
        self.detail = detail
    }

    static func id(account: String, trip: String, ticket: Int64) -> String {
        DerivedID.make("cmd", account, trip, String(ticket))
    }

    /// The position is closed, says the agent that was told to close it.
    ///
    /// - Throws: 409 unless the agent holds the lease, or has confirmed the same before.
    mutating func confirm(
        price: FixedDecimal,
        closedAt time: Timestamp,
        by caller: String,
        at now: Timestamp
    ) throws(Problem) -> Step {
        if status == .confirmed, isHeld(by: caller) {
            guard closePrice == price, closedAt == time else { throw refusal("has been confirmed with other content") }
            return .repeated
        }
        try checkLease(of: caller, at: now)
        (status, leasedUntil, closePrice, closedAt) = (.confirmed, nil, price, time)
        return .changed
    }

    /// The position cannot be closed, says the agent that was told to close it.
    ///
    /// - Throws: 409 unless the agent holds the lease, or has said the same before.
    mutating func fail(reason: String, by caller: String, at now: Timestamp) throws(Problem) -> Step {
        if status == .failed, isHeld(by: caller) {
            guard detail.map({ $0.utf8.elementsEqual(reason.utf8) }) ?? false else {
                throw refusal("has failed for another reason")
            }
            return .repeated
        }
        try checkLease(of: caller, at: now)
        (status, leasedUntil, detail) = (.failed, nil, reason)
        return .changed
    }

    private func checkLease(of caller: String, at now: Timestamp) throws(Problem) {
        switch status {
        case .pending: throw refusal("is not leased: lease it first")
        case .confirmed: throw refusal("has been confirmed already")
        case .failed: throw refusal("has failed already")
        case .expired: throw refusal("has expired")
        case .leased: break
        }
        guard isHeld(by: caller) else { throw refusal("is leased to another agent") }
        guard let leasedUntil, now < leasedUntil else { throw refusal("is not leased any more: its lease is over") }
    }

    private func isHeld(by caller: String) -> Bool { agent?.utf8.elementsEqual(caller.utf8) ?? false }

    private func refusal(_ clause: String) -> Problem { .conflict("The close command \(id) \(clause).") }
}
