import PluginAPI
import TradingBook

/// Judges pairs: which fields of two rows that are the same thing differ by more than the policy allows.
struct PairClassifier {
    let policy: MatchPolicy
    let symbols: SymbolTable
    /// By symbol; `nil` for an instrument nobody has described.
    let steps: [PriceSteps?]
    private let digits: [Int]

    init(policy: MatchPolicy, symbols: SymbolTable, instruments: [String: Instrument]) {
        self.policy = policy
        self.symbols = symbols
        steps = symbols.symbols.map { symbol in
            guard let instrument = instruments[symbol], instrument.isKnown else { return nil }
            guard let pip = instrument.pip?.storedUnits, let tick = instrument.tick.storedUnits else { return nil }
            return PriceSteps(pip: pip, tick: tick)
        }
        digits = symbols.symbols.map { instruments[$0]?.digits ?? 0 }
    }

    /// One side of a comparison; quantities in units of 10⁻⁸, 0 for a stop or target that is not set.
    struct Quantities {
        var isBuy: Bool
        var volume: Int64
        var price: Int64
        var target: Int64?
        var stop: Int64?
    }

    /// Differences of two rows of a hedging account, in class order.
    func differences(_ trade: Int, of book: BookColumns, _ position: Int, of broker: BrokerColumns) -> [Difference] {
        // Most pairs are equal to the last digit, and no tolerance has to be asked.
        if book.rows[trade].isJudgedEqual(to: broker.rows[position]) { return [] }
        let ourSymbol = book.rows[trade].instrument
        let brokerSymbol = broker.rows[position].instrument
        guard ourSymbol == brokerSymbol else {
            let (ours, theirs) = (symbols[ourSymbol], symbols[brokerSymbol])
            return [Difference(.sideFlip, field: .symbol, ours: .text(ours), broker: .text(theirs))]
        }
        return differences(
            Quantities(
                isBuy: book.rows[trade].isBuy, volume: book.rows[trade].volume, price: book.rows[trade].price,
                target: book.rows[trade].target, stop: book.rows[trade].stop),
            Quantities(
                isBuy: broker.rows[position].isBuy, volume: broker.rows[position].volume,
                price: broker.rows[position].price,
                target: broker.rows[position].target, stop: broker.rows[position].stop),
            symbol: ourSymbol, hasFills: book.hasFills(trade))
    }

    /// Differences of two sides of one instrument. A stop or target that is `nil` on a side is not compared.
    func differences(
        _ ours: Quantities,
        _ broker: Quantities,
        symbol: Int32,
        hasFills: Bool
    ) -> [Difference] {
        guard ours.isBuy == broker.isBuy else {
            let (our, their) = (PairClassifier.name(ours.isBuy), PairClassifier.name(broker.isBuy))
            return [Difference(.sideFlip, field: .direction, ours: .text(our), broker: .text(their))]
        }
        let steps = steps[Int(symbol)]
        let digits = digits[Int(symbol)]
        var found: [Difference] = []
        if !policy.volume.allows(ours.volume, broker.volume, steps: nil) {
            let isPartial = broker.volume > 0 && broker.volume < ours.volume && !hasFills
            found.append(
                .numbers(
                    isPartial ? .partialFill : .volumeMismatch, .volume, ours: Int128(ours.volume),
                    broker: Int128(broker.volume), digits: 0))
        }
        if !policy.entryPrice.allows(ours.price, broker.price, steps: steps) {
            found.append(
                .numbers(
                    .entrySlippage, .entryPrice, ours: Int128(ours.price), broker: Int128(broker.price),
                    digits: digits))
        }
        found += level(.stopLossMismatch, .stopLoss, ours.stop, broker.stop, policy.stopLoss, steps, digits)
        found += level(.takeProfitMismatch, .takeProfit, ours.target, broker.target, policy.takeProfit, steps, digits)
        return found
    }

    private func level(
        _ breakClass: BreakClass,
        _ field: Difference.Field,
        _ ours: Int64?,
        _ broker: Int64?,
        _ tolerance: Tolerance,
        _ steps: PriceSteps?,
        _ digits: Int
    ) -> [Difference] {
        guard let ours, let broker, ours != broker else { return [] }
        guard ours != 0, broker != 0 else {
            return [
                Difference(
                    breakClass, field: field,
                    ours: ours == 0 ? nil : .units(Int128(ours), digits: digits),
                    broker: broker == 0 ? nil : .units(Int128(broker), digits: digits))
            ]
        }
        guard !tolerance.allows(ours, broker, steps: steps) else { return [] }
        return [.numbers(breakClass, field, ours: Int128(ours), broker: Int128(broker), digits: digits)]
    }

    private static func name(_ isBuy: Bool) -> String { (isBuy ? Direction.buy : .sell).rawValue }
}
