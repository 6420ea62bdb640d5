/// Where a break stands. A snooze is no state of its own: it mutes an open or an acknowledged break.
enum BreakStatus: String, Sendable, CaseIterable {
    /// Seen, and within its grace.
    case pending
    case open
    /// Somebody has taken note of it.
    case acknowledged
    case resolved
}

/// What ended a break.
enum BreakResolution: String, Sendable, CaseIterable {
    /// A run no longer found it.
    case auto
    /// Somebody says that it has been put right; found again, it is reopened.
    case fixed
    /// Somebody says that it may stay; it is reopened when it gets worse.
    case accepted
}
