import Dispatch
import Synchronization
import TradingBook

/// Two books as columns whose symbols have one table.
struct NormalisedBooks {
    /// With so many rows or more each side has a thread of its own.
    private static let rowsForTwoThreads = 20_000

    let book: BookColumns
    let broker: BrokerColumns
    let symbols: SymbolTable

    /// - Throws: The book's failure when both sides have one.
    init(_ input: MatchInput) throws(MatchFailure) {
        let isLarge = input.trades.count + input.positions.count >= Self.rowsForTwoThreads
        let (ours, theirs) = Self.both(onTwoThreads: isLarge) {
            Result { () throws(MatchFailure) in
                var symbols = SymbolTable()
                return (rows: try BookColumns(input.trades, symbols: &symbols), symbols: symbols)
            }
        } and: {
            Result { () throws(MatchFailure) in
                var symbols = SymbolTable()
                return (rows: try BrokerColumns(input.positions, symbols: &symbols), symbols: symbols)
            }
        }
        var symbols: SymbolTable
        (book, symbols) = try ours.get()
        var (broker, brokerSymbols) = try theirs.get()
        broker.renumber(symbols.add(brokerSymbols))
        (self.broker, self.symbols) = (broker, symbols)
    }

    private static func both<One: Sendable, Other: Sendable>(
        onTwoThreads isLarge: Bool,
        _ one: @Sendable () -> One,
        and other: @Sendable () -> Other
    ) -> (One, Other) {
        guard isLarge else { return (one(), other()) }
        let (first, second) = (Slot<One>(), Slot<Other>())
        DispatchQueue.concurrentPerform(iterations: 2) { number in
            if number == 0 { first.fill(one()) } else { second.fill(other()) }
        }
        return (first.content, second.content)
    }

    /// What a thread hands to another that waits for its end.
    private final class Slot<Content: Sendable>: Sendable {
        private let value = Mutex<Content?>(nil)

        func fill(_ content: Content) { value.withLock { $0 = content } }

        var content: Content {
            guard let content = value.withLock({ $0 }) else { preconditionFailure("the thread has ended") }
            return content
        }
    }
}
