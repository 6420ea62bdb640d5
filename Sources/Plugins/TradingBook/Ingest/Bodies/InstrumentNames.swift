/// What symbols are called upper-cased, remembered while a body is read: its rows repeat few of them.
struct InstrumentNames {
    private static let keptMax = 64
    private var last = (symbol: "", name: "")
    private var names: [String: String] = [:]

    mutating func name(of symbol: String) -> String {
        if symbol == last.symbol { return last.name }
        let name = names[symbol] ?? symbol.uppercased()
        if names.count < Self.keptMax { names[symbol] = name }
        last = (symbol, name)
        return name
    }
}
