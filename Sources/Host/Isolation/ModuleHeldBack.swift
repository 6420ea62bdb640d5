/// A module is not called for a while, because its last calls have failed or have not come back.
struct ModuleHeldBack: Error, Equatable {
    var reason: String
    /// Until one is tried.
    var wait: Duration

    static func afterFailures(wait: Duration) -> ModuleHeldBack {
        ModuleHeldBack(reason: "its last calls have failed", wait: wait)
    }

    /// Whole seconds, at least one.
    var retryAfter: Int { max(1, Int(wait.components.seconds) + (wait.components.attoseconds > 0 ? 1 : 0)) }
}
