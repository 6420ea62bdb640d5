import PluginAPI
import Testing

@testable import Host

@Suite("The pause behind an event that was not taken")
struct EventPauseTests {
    private let subscription = EventSubscription(
        name: "desk", kinds: [.breakChanged], firstPause: .seconds(4), pauseMax: .seconds(60))

    @Test(
        "It doubles up to the longest, and chance takes off a quarter of it at most",
        arguments: [(1, 4), (2, 8), (3, 16), (4, 32), (5, 60), (6, 60), (64, 60), (Int64.max, 60)] as [(Int64, Int)])
    func doubling(attempt: Int64, seconds: Int) {
        let longest = subscription.pause(afterAttempt: attempt, atLeast: nil, share: 1)
        let shortest = subscription.pause(afterAttempt: attempt, atLeast: nil, share: 0)

        #expect(longest == .seconds(seconds))
        #expect(shortest == .seconds(seconds) * 0.75)
    }

    @Test(
        "It is not shorter than the observer asks for, up to an hour",
        arguments: [(1, 4), (30, 30), (3_600, 3_600), (86_400, 3_600)])
    func asked(seconds: Int, pause: Int) {
        #expect(subscription.pause(afterAttempt: 1, atLeast: .seconds(seconds), share: 1) == .seconds(pause))
    }
}
