import PluginAPI

/// How bad a break is, to tell whether it has got worse since somebody took note of it.
///
/// Differences are told apart by their field, or by their class where a whole row differs. A difference has a *size*: the
/// magnitude of its delta, or of the value that stands alone where a whole row is missing (its volume). Sizes are compared
/// as decimals, exactly. A missing row also has a direction: turned round it is as large, and another thing. A stop or target that one side lacks has none: a price says nothing about how bad that is.
struct BreakMeasure: Sendable {
    let breakClass: BreakClass
    /// By field or class; several only where rows of one key stand in one break, largest first.
    private let parts: [String: [Part]]

    private struct Part: Sendable {
        var ours: JSONValue?
        var broker: JSONValue?
        var size: Magnitude?
        var direction: String?
        /// How many rows it stands for.
        var rows: Int
    }

    /// - Parameter differences: As ``FoundBreak/differencesJSON`` writes them.
    init(_ breakClass: BreakClass, differences: String) throws {
        self.breakClass = breakClass
        var parts: [String: [Part]] = [:]
        for difference in try StoredDifference.list(differences) {
            parts[difference.field ?? difference.breakClass.rawValue, default: []].append(
                Part(
                    ours: difference.ours, broker: difference.broker, size: BreakMeasure.size(difference),
                    direction: difference.direction, rows: difference.repeats ?? 1))
        }
        self.parts = parts.mapValues { same in
            same.sorted { ($0.size ?? .zero) > ($1.size ?? .zero) }
        }
    }

    /// What is worse than it was, the first by name; `nil` when nothing is.
    func worsening(since before: BreakMeasure) -> Worsening? {
        if breakClass != before.breakClass { return .otherClass(was: before.breakClass) }
        for (name, now) in parts.sorted(by: { $0.key < $1.key }) {
            let then = before.parts[name] ?? []
            guard BreakMeasure.rows(now) <= BreakMeasure.rows(then) else { return .added(name) }
            for (part, earlier) in zip(now, then) {
                if let worse = BreakMeasure.worsening(name, part, since: earlier) { return worse }
            }
        }
        return nil
    }

    private static func rows(_ parts: [Part]) -> Int { parts.reduce(0) { $0 + $1.rows } }

    private static func worsening(_ name: String, _ now: Part, since then: Part) -> Worsening? {
        if then.ours != nil && now.ours == nil || then.broker != nil && now.broker == nil { return .missing(name) }
        if isOtherText(now.ours, then.ours) || isOtherText(now.broker, then.broker) { return .other(name) }
        if let direction = now.direction, let before = then.direction, direction != before { return .turned(name) }
        if name != Difference.Field.equity.rawValue {
            if isOtherSign(now.ours, then.ours) || isOtherSign(now.broker, then.broker) { return .turned(name) }
        }
        guard let size = now.size, let before = then.size, size > before else { return nil }
        return .larger(name)
    }

    /// Words have no size, so other words are another difference.
    private static func isOtherText(_ now: JSONValue?, _ then: JSONValue?) -> Bool {
        guard case .string(let now)? = now, case .string(let then)? = then else { return false }
        return !now.utf8.elementsEqual(then.utf8)
    }

    /// A sum of a netting account that was long and is short is as large, and the contrary of what it was. Money may well
    /// cross zero.
    private static func isOtherSign(_ now: JSONValue?, _ then: JSONValue?) -> Bool {
        guard case .number(let now)? = now, case .number(let then)? = then else { return false }
        return now.hasPrefix("-") != then.hasPrefix("-")
    }

    private static func size(_ difference: StoredDifference) -> Magnitude? {
        if let delta = difference.delta { return Magnitude(delta) }
        guard difference.field == nil, (difference.ours == nil) != (difference.broker == nil) else { return nil }
        return (difference.ours ?? difference.broker).flatMap(Magnitude.init)
    }
}

/// In what way a break is worse than what somebody took note of.
enum Worsening: Sendable, Equatable {
    case otherClass(was: BreakClass)
    /// This differs by more, or a larger row is missing.
    case larger(String)
    /// This did not differ before.
    case added(String)
    /// One side had this before and has it no more.
    case missing(String)
    /// This has another value, of a kind that has no size.
    case other(String)
    /// This was long and is short, or the contrary.
    case turned(String)

    /// For the event that it causes.
    var note: String {
        switch self {
        case .otherClass(let before): "another class: it was \(before.rawValue)"
        case .larger(let name): "larger: \(name)"
        case .added(let name): "a new difference: \(name)"
        case .missing(let name): "missing on a side that had it: \(name)"
        case .other(let name): "another value: \(name)"
        case .turned(let name): "the other direction: \(name)"
        }
    }
}

/// A decimal number without its sign. It has no upper bound: a difference of two numbers can be larger than any number
/// that is taken in.
struct Magnitude: Sendable, Comparable {
    private let whole: [UInt8]
    private let fraction: [UInt8]

    static let zero = Magnitude(digits: "0")

    /// `nil` for anything but a number.
    init?(_ value: JSONValue) {
        guard case .number(let text) = value else { return nil }
        self.init(digits: text)
    }

    private init(digits: String) {
        let parts = digits.utf8.filter { $0 != UInt8(ascii: "-") }.split(separator: UInt8(ascii: "."))
        whole = Array((parts.first ?? []).drop { $0 == UInt8(ascii: "0") })
        var fraction = parts.count > 1 ? Array(parts[1]) : []
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        self.fraction = fraction
    }

    static func < (left: Magnitude, right: Magnitude) -> Bool {
        if left.whole.count != right.whole.count { return left.whole.count < right.whole.count }
        if left.whole != right.whole { return left.whole.lexicographicallyPrecedes(right.whole) }
        return left.fraction.lexicographicallyPrecedes(right.fraction)
    }
}
