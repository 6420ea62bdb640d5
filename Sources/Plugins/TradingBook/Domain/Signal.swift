public import PluginAPI

/// What made the bot want to trade; its ID is unique within the account.
public struct Signal: Sendable, Equatable {
    public var id: String
    public var account: String
    /// As the bot writes it.
    public var symbol: String
    public var direction: Direction
    /// Above zero.
    public var price: FixedDecimal
    /// Lots, above zero; `nil` when the signal does not say.
    public var volume: FixedDecimal?
    /// A JSON object of the bot's own, members sorted by name.
    public var payload: String?
    public var createdAt: Timestamp
}

/// Somebody's decision on a signal; its ID is unique within the account. The signal may not have been seen yet.
public struct Approval: Sendable, Equatable {
    public var id: String
    public var account: String
    public var signal: String
    public var decision: Decision
    public var decidedBy: String
    public var decidedAt: Timestamp
    public var reason: String?

    public enum Decision: String, Sendable, CaseIterable {
        case approved, rejected
    }
}
