import HTTPTypes
import PluginAPI

extension QueryPath {
    /// An answer that is kept, compressed if the client takes that; the first to ask waits until it is.
    func answer(with entry: CacheEntry, _ status: CacheStatus, to incoming: IncomingRequest) async -> OutgoingAnswer {
        let wish = Representation.Wish(
            takesGzip: incoming.headers[.acceptEncoding].map(AcceptEncoding.takesGzip) ?? false,
            ifNoneMatch: incoming.headers[.ifNoneMatch])
        let chosen: Representation
        if let known = representation(of: entry, for: wish) {
            chosen = known
        } else {
            let packed = await packedBodies?.body(of: entry) ?? []
            chosen = Representation(entry, packed: packed, ifNoneMatch: wish.ifNoneMatch)
        }
        return QueryAnswer.make(chosen, status, for: incoming, now: clock.now)
    }

    func plainAnswer(with entry: CacheEntry, _ status: CacheStatus, to incoming: IncomingRequest) -> OutgoingAnswer {
        let chosen = plainRepresentation(of: entry, ifNoneMatch: incoming.headers[.ifNoneMatch])
        return QueryAnswer.make(chosen, status, for: incoming, now: clock.now)
    }

    /// The form of an answer that was built for a client, kept or not; `nil` as for one that is kept.
    func representation(of built: BuiltAnswer, for wish: Representation.Wish) -> Representation? {
        if built.isStored { return representation(of: built.entry, for: wish) }
        return plainRepresentation(of: built.entry, ifNoneMatch: wish.ifNoneMatch)
    }

    /// Of an answer that is not kept, and not worth compressing for one request.
    private func plainRepresentation(of entry: CacheEntry, ifNoneMatch: String?) -> Representation {
        // What others ask may be kept, and compressed.
        Representation(entry, ifNoneMatch: ifNoneMatch, varies: packedBodies?.covers(entry) == true)
    }

    /// The form of an answer that a client gets; `nil` when that is the compressed one and nobody has made it.
    func representation(of entry: CacheEntry, for wish: Representation.Wish) -> Representation? {
        let isCovered = packedBodies?.covers(entry) == true
        guard let packedBodies, isCovered, wish.takesGzip else {
            return Representation(entry, ifNoneMatch: wish.ifNoneMatch, varies: isCovered)
        }
        if Representation.isKnown(entry, by: wish.ifNoneMatch) {
            return Representation(entry, packed: [], ifNoneMatch: wish.ifNoneMatch)
        }
        return packedBodies.kept(entry).map { Representation(entry, packed: $0, ifNoneMatch: wish.ifNoneMatch) }
    }
}
