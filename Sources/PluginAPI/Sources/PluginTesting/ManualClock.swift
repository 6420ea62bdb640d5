public import PluginAPI
import Synchronization

/// A clock that stands still until it is told to move.
public final class ManualClock: HostClock {
    private let time: Mutex<Timestamp>

    public init(_ start: Timestamp = Timestamp(seconds: 1_767_607_200)) {
        time = Mutex(start)
    }

    public var now: Timestamp { time.withLock { $0 } }

    public func advance(by duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }

    public func set(_ moment: Timestamp) {
        time.withLock { $0 = moment }
    }
}
