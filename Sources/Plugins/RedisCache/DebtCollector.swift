import PluginAPI
import Synchronization

/// Takes invalidations to Redis: first those the server must know of, then the news for the other hosts.
struct DebtCollector: Sendable {
    let standing: RedisClient.Standing
    let keys: RedisKeys
    let sender: UInt64

    /// Removing a tag's version needs no memory, so that a full Redis takes it too.
    func commands(for tags: [CacheTag]) -> [RedisCommand] {
        let notice = InvalidationNotice(sender: sender, tags: tags)
        return [
            RedisCommand([Array("UNLINK".utf8)] + tags.map(keys.tag)),
            RedisCommand([Array("PUBLISH".utf8), Array(keys.channel.utf8), notice.bytes]),
        ]
    }

    /// Takes what is owed; it stays owed when Redis refuses.
    func settle(on connection: RedisConnection, within limit: Duration) async throws(RedisError) {
        let (tags, number) = standing.withState { $0.owed.all }
        guard !tags.isEmpty else { return }
        let replies = try await connection.send(commands(for: tags), within: limit)
        standing.noteWrite(replies)
        for reply in replies { _ = try reply.checked() }
        standing.withState { $0.owed.settle(upTo: number) }
    }
}
