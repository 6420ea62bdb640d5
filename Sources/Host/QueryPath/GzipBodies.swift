import MemoryBytes
import NIOPosix
import PluginAPI
import Synchronization

/// The compressed forms of bodies that clients have asked for lately, bounded.
///
/// A body is named by its entity tag, which is made of its SHA-256: what is kept is never out of date, stays good when an
/// answer is built anew and has not changed, and is the same whoever asks.
final class GzipBodies: Sendable {
    /// Longer bodies are sent as they are: compressing one would keep a thread for too long.
    static let bodyMax = 1 << 20

    /// Shorter bodies are sent as they are.
    private let bodyMin: Int
    /// Empty for a body that compressing does not make smaller.
    private let bodies: Mutex<TwoGenerations<String, [UInt8]>>
    private let flights = SingleFlight<[UInt8]>()

    /// - Parameter bytesMax: What all of them may take in memory.
    init(bodyMin: Int, bytesMax: Int = 8 << 20) {
        self.bodyMin = bodyMin
        bodies = Mutex(TwoGenerations(bytesMax: bytesMax) { MemoryBytes.outside($0) + MemoryBytes.outside($1) })
    }

    /// Whether an answer is compressed for those who take that.
    func covers(_ entry: CacheEntry) -> Bool {
        entry.status == 200 && (bodyMin...max(bodyMin, GzipBodies.bodyMax)).contains(entry.body.count)
    }

    /// The compressed body, if somebody has asked for it before; empty when it would not be smaller.
    func kept(_ entry: CacheEntry) -> [UInt8]? { bodies.withLock { $0.value(for: entry.etag) } }

    /// The compressed body, made when there is none yet; empty when it would not be smaller.
    func body(of entry: CacheEntry) async -> [UInt8] {
        if let kept = kept(entry) { return kept }
        let made = try? await flights.value(for: entry.etag, epoch: 0, deadline: nil, mayJoin: { _ in true }) {
            // On threads for such work: a long body takes a core for tens of milliseconds.
            let body = try await NIOThreadPool.singleton.runIfActive { Gzip.compress(entry.body) ?? [] }
            self.bodies.withLock { $0.set(body, for: entry.etag) }
            return body
        }
        return made?.success ?? []
    }

    var count: Int { bodies.withLock { $0.count } }
}
