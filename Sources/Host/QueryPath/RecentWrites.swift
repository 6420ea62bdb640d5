import PluginAPI

/// When each tag was last written under, for the writes of late.
///
/// Bounded by two generations of tags: what has been forgotten is only known to lie before ``floor``, and whoever asks about
/// a time before that must assume the worst.
struct RecentWrites {
    /// Counts announcements.
    private(set) var epoch: UInt64 = 0
    /// Before this epoch nothing is known any more.
    private(set) var floor: UInt64 = 0
    /// By the tags' hashes: should two tags share one, more is taken for written than was.
    private var young: [Int: UInt64] = [:]
    private var old: [Int: UInt64] = [:]
    /// The epoch at which the old generation was closed.
    private var closedAt: UInt64 = 0
    private let generationSize: Int

    init(generationSize: Int) {
        self.generationSize = generationSize
    }

    mutating func record(_ tags: [CacheTag]) {
        epoch += 1
        for tag in tags { young[tag.hashValue] = epoch }
        guard young.count >= generationSize else { return }
        floor = closedAt
        closedAt = epoch
        swap(&young, &old)
        young.removeAll(keepingCapacity: true)
    }

    /// Whether one of `tags` has been written under after `epoch`, as far as is known.
    ///
    /// Who owns what concerns all: a call that was authorised before is authorised again.
    func touched(_ tags: [CacheTag], since epoch: UInt64) -> Bool {
        if epoch == self.epoch { return false }
        if epoch < floor || isTouched(.everything, since: epoch) || isTouched(.directory, since: epoch) { return true }
        return tags.contains { isTouched($0, since: epoch) }
    }

    private func isTouched(_ tag: CacheTag, since epoch: UInt64) -> Bool {
        let hash = tag.hashValue
        return (young[hash] ?? old[hash] ?? 0) > epoch
    }
}
