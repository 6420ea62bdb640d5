import PluginAPI

/// An answer that is at hand.
struct PreparedAnswer: Sendable {
    var query: PreparedQuery
    var entry: CacheEntry
}

extension QueryPath {
    /// Keeps what authorising a client's query came to, for the next time that the same token asks the same.
    func prepare(_ call: AuthorisedCall, _ incoming: IncomingRequest, key: String) {
        // Operators' queries have a listener of their own, and none is answered at hand.
        guard let token = incoming.token, call.target.audience == .clients else { return }
        let target = incoming.query.map { "\(incoming.path)?\($0)" } ?? incoming.path
        prepared.keep(PreparedQuery(call, key: key), for: .init(token: token, target: target))
    }

    /// What L1 holds fresh for a query that was authorised before, nothing that concerns it having been written since.
    ///
    /// Neither waits nor counts anything. The order is that of the usual way: the look-up first, then what was announced.
    func answerAtHand(for key: PreparedQuery.Key, caller: Caller, at now: Timestamp) -> PreparedAnswer? {
        guard let query = prepared[key], query.caller == caller, query.target.status().isServing else { return nil }
        let entry = localEntry(for: query.key)
        guard query.stands(invalidations) else {
            prepared.forget(key)
            return nil
        }
        guard let entry, now < entry.freshUntil else { return nil }
        return PreparedAnswer(query: query, entry: entry)
    }
}
