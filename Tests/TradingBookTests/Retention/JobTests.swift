import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

@Suite("A job that one host does for all")
struct JobTests {
    private let ours = job("ours")
    private let theirs = job("theirs")

    @Test("While one has it nobody else gets it; given back it is due after its interval")
    func turns() async throws {
        try await BookFixture.run { book in
            #expect(try await ours.claim(book))
            #expect(try await !theirs.claim(book))
            #expect(try await !theirs.isDue(at: book.clock.now, in: book.storage))
            try await ours.release(isDone: true, book)
            #expect(try await !theirs.claim(book))

            book.clock.advance(by: .seconds(3_600))
            #expect(try await theirs.isDue(at: book.clock.now, in: book.storage))
            #expect(try await theirs.claim(book))
            #expect(try await !ours.claim(book))
        }
    }

    @Test("Given back undone it is due at once")
    func undone() async throws {
        try await BookFixture.run { book in
            #expect(try await ours.claim(book))
            try await ours.release(isDone: false, book)

            #expect(try await theirs.claim(book))
        }
    }

    @Test("Of a host that died it is due when the lease is over, and what that host says later does not count")
    func died() async throws {
        try await BookFixture.run { book in
            #expect(try await ours.claim(book))
            book.clock.advance(by: .seconds(120) - .microseconds(1))
            #expect(try await !theirs.claim(book))
            book.clock.advance(by: .microseconds(1))
            #expect(try await theirs.claim(book))

            try await ours.release(isDone: true, book)

            let holder = try await book.rows("SELECT holder FROM jobs WHERE leased_until > \(book.clock.now)")
            #expect(holder.first?.text(0) == "theirs")
        }
    }
}

func job(_ holder: String) -> Job {
    Job(name: "work", every: .seconds(3_600), lease: .seconds(120), holder: holder)
}

extension Job {
    fileprivate func claim(_ book: BookFixture) async throws -> Bool {
        let now = book.clock.now
        return try await book.storage.transaction { try claim(at: now, in: $0) }
    }

    fileprivate func release(isDone: Bool, _ book: BookFixture) async throws {
        let now = book.clock.now
        try await book.storage.transaction { try release(isDone: isDone, at: now, in: $0) }
    }
}
