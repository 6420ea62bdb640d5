/// Gives each symbol a small number, by its bytes.
struct SymbolTable {
    private var index = ByteIndex()
    private(set) var symbols: [String] = []

    mutating func number(of symbol: String) -> Int32 {
        let number = symbol.withBytes { index.number(of: $0) }
        if number == symbols.count { symbols.append(symbol) }
        return Int32(number)
    }

    subscript(number: Int32) -> String { symbols[Int(number)] }
}
