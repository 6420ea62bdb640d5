import PluginAPI

/// What a receiver's answer means for an event.
///
/// | answer | the event |
/// |---|---|
/// | 2xx | is delivered |
/// | 400, 410, 413, 415, 422 | is a dead letter at once: this body will never be taken, or nobody is there any more |
/// | anything else, redirects among them | is tried again, after `Retry-After` at the earliest |
struct WebhookAnswer: Sendable, Equatable {
    var status: Int
    /// The header `Retry-After`: seconds, or a date of HTTP.
    var retryAfter: String?

    private static let refusals: Set<Int> = [400, 410, 413, 415, 422]

    /// - Throws: Why the event is not delivered.
    func check(at now: Timestamp) throws(EventNotTaken) {
        if (200..<300).contains(status) { return }
        if Self.refusals.contains(status) { throw .refused(reason: "the receiver answered \(status)") }
        let reason =
            (300..<400).contains(status)
            ? "the receiver answered \(status); redirects are not followed" : "the receiver answered \(status)"
        throw .tryAgain(after: retryAfter.flatMap { Self.pause($0, at: now) }, reason: reason)
    }

    private static func pause(_ text: String, at now: Timestamp) -> Duration? {
        if let seconds = Int64(text) { return seconds >= 0 ? .seconds(min(seconds, 86_400)) : nil }
        guard let time = time(text) else { return nil }
        let pause = time.since(now)
        return pause > .zero ? min(pause, .seconds(86_400)) : nil
    }

    /// The one form of a date that HTTP still writes: `Mon, 05 Jan 2026 10:02:00 GMT`.
    private static func time(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: parts[2]) else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp(parsing: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
