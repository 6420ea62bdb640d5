import PluginAPI

/// Gives each symbol a small number, by its bytes.
struct SymbolTable {
    /// Rows of one symbol tend to follow each other.
    private var last = (symbol: "", number: -1)
    private var index = ByteIndex()
    private(set) var symbols: [String] = []
    /// Whether a side has rows of it.
    private(set) var isOurs: [Bool] = []
    private(set) var isBrokers: [Bool] = []

    mutating func number(of symbol: String, isOurs isOur: Bool) -> Int32 {
        let number = number(of: symbol)
        if isOur { isOurs[number] = true } else { isBrokers[number] = true }
        return Int32(number)
    }

    private mutating func number(of symbol: String) -> Int {
        if last.number >= 0, symbol.hasSameBytes(as: last.symbol) { return last.number }
        let number = symbol.withBytes { index.number(of: $0) }
        if number == symbols.count {
            symbols.append(symbol)
            isOurs.append(false)
            isBrokers.append(false)
        }
        last = (symbol, number)
        return number
    }

    /// - Returns: For each number in the other table the one here.
    mutating func add(_ other: SymbolTable) -> [Int32] {
        other.symbols.enumerated().map { index, symbol in
            let number = number(of: symbol)
            isOurs[number] = isOurs[number] || other.isOurs[index]
            isBrokers[number] = isBrokers[number] || other.isBrokers[index]
            return Int32(number)
        }
    }

    subscript(number: Int32) -> String { symbols[Int(number)] }
}
