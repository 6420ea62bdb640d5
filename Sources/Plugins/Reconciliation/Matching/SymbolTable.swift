/// Gives each symbol a small number, by its bytes.
struct SymbolTable {
    private var index = ByteIndex()
    private(set) var symbols: [String] = []
    /// Whether a side has rows of it.
    private(set) var isOurs: [Bool] = []
    private(set) var isBrokers: [Bool] = []

    mutating func number(of symbol: String, isOurs isOur: Bool) -> Int32 {
        let number = symbol.withBytes { index.number(of: $0) }
        if number == symbols.count {
            symbols.append(symbol)
            isOurs.append(false)
            isBrokers.append(false)
        }
        if isOur { isOurs[number] = true } else { isBrokers[number] = true }
        return Int32(number)
    }

    subscript(number: Int32) -> String { symbols[Int(number)] }
}
