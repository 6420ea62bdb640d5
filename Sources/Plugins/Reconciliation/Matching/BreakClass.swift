/// What kind of difference a break is. Cases stand in the order in which a break's differences are listed.
public enum BreakClass: String, Sendable, CaseIterable, Comparable {
    /// The two rows of a pair differ in direction or in instrument; nothing further is compared.
    case sideFlip = "side_flip"
    /// In the book, not in a complete snapshot.
    case brokerClosed = "broker_closed"
    /// At the broker, not in the book.
    case unknownToUs = "unknown_to_us"
    /// The broker holds less than ours, and the trade lists no fills.
    case partialFill = "partial_fill"
    /// Any other difference of volume.
    case volumeMismatch = "volume_mismatch"
    /// Entry prices further apart than allowed.
    case entrySlippage = "entry_slippage"
    /// Stops differ, or only one side has one.
    case stopLossMismatch = "sl_mismatch"
    /// Targets differ, or only one side has one.
    case takeProfitMismatch = "tp_mismatch"
    /// An equal repeat of a trade.
    case duplicateOurs = "duplicate_ours"
    /// An equal repeat of a position.
    case duplicateBroker = "duplicate_broker"
    /// Several equally good partners.
    case ambiguous
    /// No digits, pip and multiplier are known for the instrument.
    case instrumentUnknown = "instrument_unknown"
    /// Equity does not follow from balance, credit and floating P/L.
    case cashMismatch = "cash_mismatch"

    public var severity: Severity {
        switch self {
        case .sideFlip, .brokerClosed, .unknownToUs: .critical
        case .partialFill, .volumeMismatch, .stopLossMismatch, .duplicateOurs, .duplicateBroker, .ambiguous,
            .cashMismatch:
            .major
        case .entrySlippage, .takeProfitMismatch, .instrumentUnknown: .minor
        }
    }

    /// The `divergence_reason` that clients from before Concord understand.
    public var divergenceReason: String {
        switch self {
        case .brokerClosed, .partialFill, .volumeMismatch, .entrySlippage, .stopLossMismatch, .takeProfitMismatch:
            rawValue
        case .sideFlip, .unknownToUs, .duplicateOurs, .duplicateBroker, .ambiguous, .instrumentUnknown, .cashMismatch:
            "unknown"
        }
    }

    /// Every reason ``divergenceReason`` can give, once each.
    static let divergenceReasons: [String] = allCases.reduce(into: []) { reasons, aClass in
        if !reasons.contains(aClass.divergenceReason) { reasons.append(aClass.divergenceReason) }
    }

    var order: Int { BreakClass.allCases.firstIndex(of: self) ?? 0 }

    public static func < (left: BreakClass, right: BreakClass) -> Bool { left.order < right.order }
}

/// How much a break matters; lists begin with the gravest.
public enum Severity: String, Sendable, CaseIterable, Comparable {
    case critical, major, minor

    /// 0 for the gravest; storage sorts by it.
    var rank: Int64 {
        switch self {
        case .critical: 0
        case .major: 1
        case .minor: 2
        }
    }

    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}
