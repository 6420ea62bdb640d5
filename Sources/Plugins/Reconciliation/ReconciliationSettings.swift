public import PluginAPI

/// The module's configuration as its parts need it.
struct ReconciliationSettings: Sendable, Equatable {
    var policy = MatchPolicy()
    var grace = GracePolicy()
    /// Accounts per scheduled batch.
    var batchSize = 500
    /// How long an acknowledgement lasts unless its author says otherwise.
    var acknowledgeFor: Duration = .seconds(86_400)

    init() {}

    init(_ configuration: ModuleConfiguration) throws(ModuleError) {
        policy = try MatchPolicy(configuration)
        grace = try ReconciliationSettings.grace(configuration)
        batchSize = configuration.integer("batch_size")
        acknowledgeFor = configuration.duration("acknowledge_for")
    }

    private static func grace(_ configuration: ModuleConfiguration) throws(ModuleError) -> GracePolicy {
        guard case .mapping(let entries)? = configuration.values["grace"] else {
            return GracePolicy(byDefault: configuration.duration("grace"))
        }
        let section = ModuleConfiguration(entries)
        var grace = GracePolicy()
        for name in entries.keys.sorted() {
            if name == "default" {
                grace.byDefault = section.duration(name)
            } else if let breakClass = BreakClass(rawValue: name) {
                grace.byClass[breakClass] = section.duration(name)
            } else {
                let names = ["default"] + BreakClass.allCases.map(\.rawValue)
                throw .misconfigured(
                    key: "grace.\(name)", detail: "is not a class of breaks; there are \(names.joined(separator: ", "))"
                )
            }
        }
        return grace
    }

    static let specification = ConfigurationSpec([
        ConfigurationKey(
            "grace",
            .either([.duration(.zero ... .seconds(604_800)), .mapping(.duration(.zero ... .seconds(604_800)))]),
            default: "0s",
            "How long a difference is pending before it opens: one duration, or one per class and `default`"),
        ConfigurationKey("batch_size", .integer(1...100_000), default: "500", "Accounts per scheduled batch"),
        ConfigurationKey(
            "pairing",
            .section([
                ConfigurationKey(
                    "window", .duration(.zero ... .seconds(86_400)), default: "120s",
                    "How far apart in time two rows without a key may be"),
                ConfigurationKey(
                    "price", .notation(priceTolerance), default: "20 pips",
                    "How far apart in price two rows without a key may be"),
                ConfigurationKey(
                    "candidates", .integer(1...10_000), default: "64", "Partners looked at for one row without a key"),
            ]), "Pairing by likeness, for rows without any key"),
        ConfigurationKey(
            "tolerance",
            .section([
                ConfigurationKey(
                    "volume", .notation(volumeTolerance), default: "exact", "How far volumes may differ"),
                ConfigurationKey(
                    "entry_price", .notation(priceTolerance), default: "5 pips", "How far entry prices may differ"),
                ConfigurationKey(
                    "take_profit", .notation(priceTolerance), default: "10 pips", "How far targets may differ"),
                ConfigurationKey(
                    "stop_loss", .notation(priceTolerance), default: "10 pips", "How far stops may differ"),
            ]), "What counts as equal, field by field; the limit itself is equal"),
        ConfigurationKey(
            "acknowledge_for", .duration(.seconds(1) ... .seconds(31_536_000)), default: "24h",
            "How long an acknowledgement lasts unless it says otherwise"),
    ])

    private static let priceTolerance = ConfigurationNotation(
        name: "a price tolerance", examples: ["exact", "0.0005", "5 pips", "3 ticks", "2 bps"]
    ) { text in
        Tolerance(parsing: text) == nil ? "is not exact, an amount, or a number of pips, ticks or bps" : nil
    }

    private static let volumeTolerance = ConfigurationNotation(
        name: "a volume tolerance", examples: ["exact", "0.01", "50 bps"]
    ) { text in
        guard let tolerance = Tolerance(parsing: text) else {
            return "is not exact, an amount in lots, or a number of bps"
        }
        return tolerance.needsPrice ? "counts price steps, which say nothing about a volume" : nil
    }
}

extension MatchPolicy {
    /// Reads the sections `pairing` and `tolerance` of the module's configuration.
    public init(_ configuration: ModuleConfiguration) throws(ModuleError) {
        let pairing = configuration.section("pairing")
        let tolerance = configuration.section("tolerance")
        self.init(
            volume: try MatchPolicy.tolerance("volume", in: tolerance, section: "tolerance"),
            entryPrice: try MatchPolicy.tolerance("entry_price", in: tolerance, section: "tolerance"),
            takeProfit: try MatchPolicy.tolerance("take_profit", in: tolerance, section: "tolerance"),
            stopLoss: try MatchPolicy.tolerance("stop_loss", in: tolerance, section: "tolerance"),
            pairingWindow: pairing.duration("window"),
            pairingPrice: try MatchPolicy.tolerance("price", in: pairing, section: "pairing"),
            candidatesMax: pairing.integer("candidates"))
    }

    private static func tolerance(
        _ key: String,
        in section: ModuleConfiguration,
        section name: String
    ) throws(ModuleError) -> Tolerance {
        guard let tolerance = Tolerance(parsing: section.text(key)) else {
            throw .misconfigured(key: "\(name).\(key)", detail: "is not a tolerance, such as 5 pips")
        }
        return tolerance
    }
}
