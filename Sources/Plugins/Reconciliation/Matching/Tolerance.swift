public import PluginAPI

/// How far two values may be apart and still count as equal. The limit itself is allowed.
///
/// It is written `exact`, `0.01`, `5 pips`, `3 ticks` or `2 bps`. Relative limits are compared by cross-multiplication in
/// 128 bits, so that nothing is ever rounded.
public enum Tolerance: Sendable, Equatable {
    case exact
    /// In the field's own unit.
    case amount(FixedDecimal)
    /// Of the instrument; a number of pips may have decimals.
    case pips(FixedDecimal)
    /// Smallest price steps of the instrument.
    case ticks(FixedDecimal)
    /// Hundredths of a percent of our value.
    case basisPoints(FixedDecimal)

    /// Reads the notation of the configuration.
    public init?(parsing text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard let first = words.first, words.count <= 2 else { return nil }
        if words.count == 1, first == "exact" {
            self = .exact
            return
        }
        guard let number = try? FixedDecimal(parsing: first), !number.isNegative else { return nil }
        switch words.count == 2 ? String(words[1]) : nil {
        case nil: self = .amount(number)
        case "pip", "pips": self = .pips(number)
        case "tick", "ticks": self = .ticks(number)
        case "bps", "bp": self = .basisPoints(number)
        default: return nil
        }
    }

    /// Whether the limit is a number of price steps, which says nothing about a volume.
    var needsPrice: Bool {
        switch self {
        case .pips, .ticks: true
        case .exact, .amount, .basisPoints: false
        }
    }

    /// Whether two values, in units of 10⁻⁸, are close enough.
    ///
    /// - Parameter steps: The instrument's steps; `nil` for one nobody has described, which is compared exactly.
    func allows(_ ours: Int64, _ broker: Int64, steps: PriceSteps?) -> Bool {
        if ours == broker { return true }
        let distance = Int128(ours) - Int128(broker)
        let scaled = Int128(distance.magnitude) * 100_000_000
        switch self {
        case .exact: return false
        case .amount(let limit): return scaled <= Tolerance.units(limit) * 100_000_000
        case .pips(let count): return steps.map { scaled <= Tolerance.units(count) * Int128($0.pip) } ?? false
        case .ticks(let count): return steps.map { scaled <= Tolerance.units(count) * Int128($0.tick) } ?? false
        case .basisPoints(let count):
            return scaled * 10_000 <= Tolerance.units(count) * Int128(ours.magnitude)
        }
    }

    /// A parsed number has at most eight decimals and fits storage.
    private static func units(_ number: FixedDecimal) -> Int128 { Int128(number.storedUnits ?? 0) }
}

extension Tolerance: CustomStringConvertible {
    /// The notation, with as few digits as the number needs: two ways to write one limit describe alike.
    public var description: String {
        switch self {
        case .exact: "exact"
        case .amount(let number): "\(number.normalized)"
        case .pips(let number): "\(number.normalized) pips"
        case .ticks(let number): "\(number.normalized) ticks"
        case .basisPoints(let number): "\(number.normalized) bps"
        }
    }
}

/// An instrument's price steps, in units of 10⁻⁸.
struct PriceSteps: Sendable, Equatable {
    var pip: Int64
    var tick: Int64
}
