import PluginAPI
import TradingBook

@testable import Reconciliation

/// One account's breaks over several runs, kept as values.
struct Casebook {
    private(set) var breaks: [String: StoredBreak] = [:]
    private(set) var steps: [BreakStep] = []
    private(set) var now = opening
    private(set) var runs = 0
    var grace = GracePolicy()

    /// The break on ticket 1.
    var first: StoredBreak? { breaks[Casebook.firstID] }
    /// What happened to it, in order.
    var history: [String] { steps.map { "\($0.from?.rawValue ?? "new") \($0.name.rawValue) \($0.to.rawValue)" } }
    static let firstID = BreakLife.id(account: "acc", key: "ticket:1")

    /// A run on a complete snapshot, ten seconds after the one before.
    ///
    /// - Parameter snapshot: Another one than the runs before had, unless it is named.
    @discardableResult
    mutating func run(_ found: [FoundBreak], snapshot: String? = nil) throws -> BreakLife.Outcome {
        runs += 1
        wait(.seconds(10))
        let life = BreakLife(
            account: "acc", runID: "run-\(runs)", snapshotID: snapshot ?? "snapshot-\(runs)", asOf: now, now: now,
            grace: grace)
        let outcome = try life.advance(
            found.map { Finding($0, of: life.account) }, stored: breaks.values.sorted { $0.id < $1.id })
        for item in outcome.changed { breaks[item.id] = item }
        for id in outcome.dropped {
            breaks[id] = nil
            steps.removeAll { $0.breakID == id }
        }
        steps += outcome.steps
        return outcome
    }

    mutating func wait(_ duration: Duration) { now = now + duration }

    /// Somebody does something to the break on ticket 1.
    mutating func byHand(
        note: String? = nil,
        _ act: (inout StoredBreak, BreakStep.Origin) throws(BreakRefusal) -> BreakStep
    ) throws(BreakRefusal) {
        guard var item = first else { preconditionFailure("there is no break on ticket 1") }
        steps.append(try act(&item, .hand("ann", note: note, at: now)))
        breaks[item.id] = item
    }

    /// Time does what it has to do to the break on ticket 1.
    @discardableResult
    mutating func elapse() -> [BreakStep] {
        guard var item = first else { return [] }
        let done = item.elapse(.time(now))
        breaks[item.id] = item
        steps += done
        return done
    }
}

/// A break on ticket 1 from texts such as `partial_fill volume 0.2 0.1`: class, field, ours and the broker's; `-` for none.
/// A fifth word is the direction of a row that stands alone, or how many equal rows a duplicate stands for.
func found(_ differences: [String]) -> FoundBreak {
    FoundBreak(
        key: "ticket:1", symbol: "EURUSD", tradeID: "t1", ticket: 1, differences: differences.map(difference),
        ourUnmatchedRows: 0, brokerUnmatchedRows: 0)
}

func found(_ differences: String...) -> FoundBreak { found(differences) }

private func difference(_ text: String) -> Difference {
    let words = text.split(separator: " ").map(String.init)
    guard (4...5).contains(words.count), let breakClass = BreakClass(rawValue: words[0]) else {
        preconditionFailure("\(text) is not a difference")
    }
    let (ours, broker) = (number(words[2]), number(words[3]))
    var delta: Difference.Cell?
    if let ours, let broker { delta = .number(broker - ours, digits: 0) }
    return Difference(
        breakClass, field: words[1] == "-" ? nil : Difference.Field(rawValue: words[1]), ours: cell(words[2]),
        broker: cell(words[3]), delta: delta,
        direction: words.count > 4 ? Direction(rawValue: words[4]) : nil,
        repeats: words.count > 4 ? Int(words[4]) : nil)
}

private func number(_ text: String) -> FixedDecimal? { try? FixedDecimal(parsing: text) }

private func cell(_ text: String) -> Difference.Cell? {
    if text == "-" { return nil }
    return number(text).map { .number($0, digits: 0) } ?? .text(text)
}
