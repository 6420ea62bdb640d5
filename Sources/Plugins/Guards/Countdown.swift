import PluginAPI

/// Whole seconds left until a moment, rounded up, and when that number changes.
struct Countdown: Sendable, Equatable {
    /// 0 once the moment has come.
    let seconds: Int64
    /// When one second less is left; `nil` once the moment has come.
    let nextTick: Timestamp?

    init(to end: Timestamp, from now: Timestamp) {
        let left = end.microseconds - now.microseconds
        guard left > 0 else {
            (seconds, nextTick) = (0, nil)
            return
        }
        seconds = (left - 1) / 1_000_000 + 1
        nextTick = end - .seconds(seconds - 1)
    }
}
