public import PluginAPI

/// The end of a position as the agent that has closed it reports it, before any statement tells of it.
public struct ReportedClosing: Sendable, Equatable {
    public var ticket: Int64
    public var closedAt: Timestamp
    /// Above zero.
    public var closePrice: FixedDecimal
    public var reason: Reason

    /// Why an agent was told to close it; becomes the position's `close_reason`.
    public enum Reason: String, Sendable, CaseIterable {
        case drawdown
        case marketGap = "market_gap"
        case marketLiquidity = "market_liquidity"
    }

    public init(ticket: Int64, closedAt: Timestamp, closePrice: FixedDecimal, reason: Reason) {
        self.ticket = ticket
        self.closedAt = closedAt
        self.closePrice = closePrice
        self.reason = reason
    }
}

/// A position that a report has closed.
public struct ReportedPosition: Sendable, Equatable {
    public var symbol: String
    /// The trade it was paired with.
    public var tradeID: String?
    /// `nil` where it cannot be computed exactly.
    public var realizedPnL: FixedDecimal?
}
