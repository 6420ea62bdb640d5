import PluginAPI

/// A break's key that now names another thing: two trades may claim one ticket, and once the first is gone the second has
/// the key. What somebody said of the first says nothing about the second.
struct ObjectChange: Sendable, Equatable {
    /// For the event that it causes.
    let note: String

    /// `nil` when the break is about the same thing. Sums of a netting account are about their instrument, whatever trades
    /// they are of.
    init?(_ before: StoredBreak, _ found: FoundBreak) {
        if found.key.hasPrefix("net:") { return nil }
        if let then = before.tradeID, let now = found.tradeID, !now.hasSameBytes(as: then) {
            note = "another trade: it was \(then)"
        } else if !before.symbol.hasSameBytes(as: found.symbol) {
            note = "another instrument: it was \(before.symbol)"
        } else {
            return nil
        }
    }
}
