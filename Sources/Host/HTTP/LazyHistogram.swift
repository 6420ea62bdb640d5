import Synchronization

/// A histogram that is looked up once, when it is first needed.
///
/// Not the standard library's `AtomicLazyReference`: its load is not inlinable in this toolchain, and every hit loads.
final class LazyHistogram: Sendable {
    /// Owned, and never another once it is there.
    private let found = Atomic<Unmanaged<BucketHistogram>?>(nil)
    private let look: @Sendable () -> BucketHistogram

    init(_ look: @escaping @Sendable () -> BucketHistogram) {
        self.look = look
    }

    deinit { found.load(ordering: .acquiring)?.release() }

    var value: BucketHistogram {
        if let known = found.load(ordering: .acquiring) { return known.takeUnretainedValue() }
        let made = Unmanaged.passRetained(look())
        let before = found.compareExchange(expected: nil, desired: made, ordering: .acquiringAndReleasing).original
        guard let before else { return made.takeUnretainedValue() }
        made.release()
        return before.takeUnretainedValue()
    }
}
