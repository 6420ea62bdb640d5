import PluginAPI
import Synchronization

/// Hears of other hosts' invalidations, on a connection of its own, and says when it may have missed some.
final class RedisSubscription: Sendable {
    /// What this host signs its own notices with.
    let sender: UInt64
    let link: RedisLink
    private let ears: Ears

    /// What is heard, on its way to the listener.
    private final class Ears: Sendable {
        private let sender: UInt64
        private let heard = Mutex<(@Sendable (CacheNotice) -> Void)?>(nil)

        init(sender: UInt64) {
            self.sender = sender
        }

        func set(_ heard: @escaping @Sendable (CacheNotice) -> Void) { self.heard.withLock { $0 = heard } }

        func tell(_ notice: CacheNotice) { heard.withLock { $0 }?(notice) }

        func take(_ bytes: ArraySlice<UInt8>) {
            // What cannot be read may be about anything.
            guard let notice = InvalidationNotice(bytes) else { return tell(.missed) }
            if notice.sender != sender { tell(.invalidated(notice.tags)) }
        }
    }

    init(_ connector: RedisConnector, keys: RedisKeys, socketTimeout: Duration) {
        let sender = UInt64.random(in: .min ... .max)
        let ears = Ears(sender: sender)
        self.sender = sender
        self.ears = ears
        link = RedisLink(
            connector, onMessage: { ears.take($0) },
            events: .init(
                opened: { connection throws(RedisError) in
                    let subscribe = RedisCommand("SUBSCRIBE", keys.channel)
                    for reply in try await connection.send([subscribe], within: socketTimeout) {
                        _ = try reply.checked()
                    }
                    // What was published while nobody listened is lost.
                    ears.tell(.missed)
                },
                beat: { connection throws(RedisError) in
                    _ = try await connection.send([RedisCommand("PING")], within: socketTimeout)
                },
                lost: { ears.tell(.missed) }))
    }

    func listen(_ heard: @escaping @Sendable (CacheNotice) -> Void) { ears.set(heard) }

    var isHearing: Bool { link.isUp }

    var trouble: String? {
        do throws(RedisError) {
            _ = try link.connection()
            return nil
        } catch {
            return "invalidations of other hosts are not heard: \(error)"
        }
    }
}
