import PluginAPI

/// How an account's source and breaks stand, in the order in which the worst of several accounts is chosen.
enum AccountHealth: String, Sendable, CaseIterable, Comparable {
    /// The newest snapshot failed.
    case error
    /// The source is stale or showed only part of the account.
    case degraded
    /// At least one break is open.
    case warning
    case healthy
    /// No snapshot yet.
    case idle

    /// How many intervals may pass without a snapshot.
    private static let intervalsMax = 3

    /// When a source falls stale that is heard no more; `nil` for a manual one and one never heard.
    static func staleAfter(_ lastSync: Timestamp?, interval: Duration?) -> Timestamp? {
        guard let lastSync, let interval else { return nil }
        return lastSync + interval * intervalsMax
    }

    init(snapshots: Int64, newestCompleteness: String?, staleAfter: Timestamp?, openBreaks: Int64, now: Timestamp) {
        if snapshots == 0 || newestCompleteness == nil {
            self = .idle
        } else if newestCompleteness == "failed" {
            self = .error
        } else if newestCompleteness == "partial" || staleAfter.map({ now > $0 }) ?? false {
            self = .degraded
        } else {
            self = openBreaks > 0 ? .warning : .healthy
        }
    }

    private var rank: Int { AccountHealth.allCases.firstIndex(of: self) ?? 0 }

    static func < (left: AccountHealth, right: AccountHealth) -> Bool { left.rank < right.rank }
}
