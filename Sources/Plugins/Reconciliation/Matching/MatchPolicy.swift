public import PluginAPI

/// What counts as equal and what may be paired by likeness: the part of the configuration that decides a run's findings.
public struct MatchPolicy: Sendable, Equatable {
    public var volume: Tolerance
    public var entryPrice: Tolerance
    public var takeProfit: Tolerance
    public var stopLoss: Tolerance
    /// How far apart in time two keyless rows may be.
    public var pairingWindow: Duration
    /// How far apart in price two keyless rows may be.
    public var pairingPrice: Tolerance
    /// Partners looked at for one keyless row.
    public var candidatesMax: Int

    /// The contract's defaults, unless told otherwise.
    public init(
        volume: Tolerance = .exact,
        entryPrice: Tolerance = .pips("5"),
        takeProfit: Tolerance = .pips("10"),
        stopLoss: Tolerance = .pips("10"),
        pairingWindow: Duration = .seconds(120),
        pairingPrice: Tolerance = .pips("20"),
        candidatesMax: Int = 64
    ) {
        self.volume = volume
        self.entryPrice = entryPrice
        self.takeProfit = takeProfit
        self.stopLoss = stopLoss
        self.pairingWindow = pairingWindow
        self.pairingPrice = pairingPrice
        self.candidatesMax = candidatesMax
    }

    /// Every setting in a fixed order, for the policy revision.
    var canonicalParts: [String] {
        [
            "volume", "\(volume)", "entry_price", "\(entryPrice)", "take_profit", "\(takeProfit)", "stop_loss",
            "\(stopLoss)", "window", "\(pairingWindow.wholeMicroseconds)", "price", "\(pairingPrice)", "candidates",
            "\(candidatesMax)",
        ]
    }
}
